import { GraphBuilder, type PlainAttribute } from '../../builder.js';
import type { Model } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { randomTensor } from './random.js';

/** A model of one operator at an old opset. */
export interface SingleOperator {
  readonly op: string;
  readonly opset: number;
  /** Dims of the float input. */
  readonly dims: readonly number[];
  readonly others?: (g: GraphBuilder) => (Value | undefined)[];
  readonly attributes?: Readonly<Record<string, PlainAttribute>>;
  readonly outputs?: number;
  /** Operators after the upgrade; default the one. */
  readonly becomes?: readonly string[];
}

export const floats = (g: GraphBuilder, values: readonly number[], dims = [values.length]) =>
  g.constant(values, 'float32', dims);

export function build(given: SingleOperator): { model: Model; feeds: Record<string, Tensor> } {
  const { op, opset, dims, others, attributes = {}, outputs = 1 } = given;
  const g = new GraphBuilder('net', { opset, irVersion: 4 });
  const x = g.input('x', 'float32', dims);
  const results = g.ops(op, [x, ...(others?.(g) ?? [])], attributes, { outputs });
  results.forEach((value, index) => g.output(value, `y${index}`));
  return { model: g.model(), feeds: { x: randomTensor(dims, 5) } };
}
