import { GraphBuilder, type PlainAttribute } from '../../builder.js';
import type { Tensor } from '../../ir/tensor.js';
import { tensorType } from '../../ir/value-type.js';
import { evaluate } from '../evaluate.js';
import { runInOrt } from './ort.js';

export interface LikeOrtOptions {
  /** Outputs of the operator to compare, by place. Default: the first. */
  readonly outputs?: number;
  /** Version of the standard. Default 21. */
  readonly opset?: number;
  /** Largest difference of an element. */
  readonly bound: number;
}

/** Expects one operator (`domain::op` or `op`) to give what ONNX Runtime gives; input 0 is fed and the others are constants. */
export async function expectLikeOrt(
  kind: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Record<string, PlainAttribute>,
  { outputs = 1, opset = 21, bound }: LikeOrtOptions,
): Promise<void> {
  const [op, domain = ''] = kind.split('::').reverse() as [string, string?];
  const g = new GraphBuilder('net', { opset, irVersion: 10, domains: { 'com.microsoft': 1 } });
  const [first, ...rest] = inputs;
  const x = g.input('x', first!.dtype, first!.dims);
  const values = [x, ...rest.map((tensor) => tensor && g.graph.addInitializer('c', tensor))];
  g.ops(op, values, attributes, { domain, outputs }).forEach((value, i) => g.output(value, `y${i}`));
  const model = g.model();
  const ours = evaluate(model, { x: first! });
  for (const output of model.graph.outputs) model.graph.setType(output, tensorType(ours[output.name]!.dtype));
  const theirs = await runInOrt(model, { x: first! });
  expect(Object.keys(theirs)).toHaveLength(outputs);
  for (const [name, expected] of Object.entries(theirs)) {
    expect([ours[name]!.dtype, ...ours[name]!.dims]).toEqual([expected.dtype, ...expected.dims]);
    const [a, b] = [ours[name]!.toFloat64(), expected.toFloat64()];
    // NaN where ONNX Runtime has a number, or the other way round, is a difference too.
    const differences = a.map((value, i) => (Object.is(value, b[i]) ? 0 : Math.abs(value - b[i]!)));
    const worst = differences.reduce((most, value) => (value <= most ? most : value), 0);
    expect(worst).toBeLessThanOrEqual(bound);
    expect(b.some((value) => value !== 0)).toBe(true);
  }
}
