import { GraphBuilder, type PlainAttribute } from '../../builder.js';
import type { Tensor } from '../../ir/tensor.js';
import { tensorType } from '../../ir/value-type.js';
import { evaluate } from '../evaluate.js';
import { runInOrt } from './ort.js';

export type Attributes = Readonly<Record<string, PlainAttribute>>;

export interface OperatorOptions {
  /** Outputs of the operator. Default 1. */
  readonly outputs?: number;
  /** Version of ai.onnx.ml. Default 3; the standard is at 21. */
  readonly version?: number;
}

const ML = 'ai.onnx.ml';

/** A model of one operator (`domain::op` or `op`), whose inputs x0, x1... are fed. */
function operatorModel(kind: string, inputs: readonly Tensor[], attributes: Attributes, options: OperatorOptions) {
  const [op, domain = ''] = kind.split('::').reverse() as [string, string?];
  const { outputs = 1, version = 3 } = options;
  const g = new GraphBuilder('net', { opset: 21, irVersion: 10, domains: { [ML]: version } });
  const values = inputs.map(({ dtype, dims }, i) => g.input(`x${i}`, dtype, dims));
  g.ops(op, values, attributes, { domain, outputs }).forEach((value, i) => g.output(value, `y${i}`));
  return g.model();
}

/** The outputs of one operator, by eval. */
export function evaluateOperator(
  kind: string,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
  options: OperatorOptions = {},
): Tensor[] {
  const feeds = Object.fromEntries(inputs.map((tensor, i) => [`x${i}`, tensor]));
  return Object.values(evaluate(operatorModel(kind, inputs, attributes, options), feeds));
}

/** Elements that can be compared: text, or numbers. */
export function elementsOf(tensor: Tensor): readonly (string | number)[] {
  if (tensor.dtype === 'string') return tensor.strings().map((bytes) => new TextDecoder().decode(bytes));
  return [...tensor.toFloat64()];
}

/**
 * Expects one operator to give what ONNX Runtime gives: dtypes, shapes, text and integers exactly, floats within `bound`, relative to
 * numbers above 1.
 */
export async function expectSameAsOrt(
  kind: string,
  inputs: readonly Tensor[],
  attributes: Attributes,
  bound: number,
  options: OperatorOptions = {},
): Promise<void> {
  const model = operatorModel(kind, inputs, attributes, options);
  const feeds = Object.fromEntries(inputs.map((tensor, i) => [`x${i}`, tensor]));
  const ours = evaluate(model, feeds);
  for (const output of model.graph.outputs) model.graph.setType(output, tensorType(ours[output.name]!.dtype));
  const theirs = await runInOrt(model, feeds);
  expect(Object.keys(theirs)).toHaveLength(options.outputs ?? 1);
  for (const [name, expected] of Object.entries(theirs)) {
    const own = ours[name]!;
    expect([own.dtype, ...own.dims]).toEqual([expected.dtype, ...expected.dims]);
    const allowed = expected.dtype.startsWith('float') ? bound : 0;
    const found = elementsOf(own);
    const wrong = elementsOf(expected).flatMap((value, i) =>
      isNear(found[i]!, value, allowed) ? [] : [[found[i], value]],
    );
    expect(wrong).toEqual([]);
  }
}

function isNear(found: string | number, expected: string | number, bound: number): boolean {
  if (typeof found !== 'number' || typeof expected !== 'number') return found === expected;
  if (Object.is(found, expected) || found === expected) return true;
  return Math.abs(found - expected) <= bound * Math.max(1, Math.abs(expected));
}
