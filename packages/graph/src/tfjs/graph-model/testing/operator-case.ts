import * as tf from '@tensorflow/tfjs-core';
import { checkGraph } from '../../../ir/check.js';
import { executeInTfjs, GraphDefBuilder, type TfAttribute } from '../../testing/graph-def.js';
import { maxAbsError, read, runEverywhere } from '../../testing/in-memory.js';

export type Attributes = Readonly<Record<string, TfAttribute>>;

/** One operator with its operands. */
export interface OperatorCase {
  readonly op: string;
  /** Inputs that are fed, by name. */
  readonly feeds: Readonly<Record<string, tf.Tensor>>;
  /** Operands: names of feeds, or constants. */
  readonly operands: readonly (string | tf.Tensor)[];
  readonly attributes?: Attributes;
  /** How many results to compare; default 1. */
  readonly outputs?: number;
  /** Largest error; default 2e-6, a few roundings of float32 at magnitudes near 1; zero for moved or integer elements. */
  readonly tolerance?: number;
  /** Set where TF.js's element type is not TensorFlow's, which ours is; values are compared all the same. */
  readonly dtype?: 'float32' | 'int32';
  readonly note?: string;
}

/** The largest difference from TF.js, over results and engines. */
export async function differenceFromTfjs(item: OperatorCase): Promise<number> {
  const { op, feeds, operands, attributes = {}, outputs = 1, dtype } = item;
  const g = new GraphDefBuilder();
  feedOpen(g, feeds);
  const inputs = operands.map((operand) => (typeof operand === 'string' ? operand : g.constant(operand)));
  const node = g.node(op, inputs, attributes);
  const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? node : `${node}:${i}`));
  return compareGraph(g, feeds, names, dtype);
}

/** Placeholders for `feeds`; the first dimension stays open, so that nothing leans on a known batch. */
export function feedOpen(g: GraphDefBuilder, feeds: OperatorCase['feeds']): void {
  for (const [name, tensor] of Object.entries(feeds)) {
    const dtype = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' }[tensor.dtype as 'int32'];
    g.placeholder(
      name,
      dtype,
      tensor.shape.map((dim, axis) => (axis === 0 ? -1 : dim)),
    );
  }
}

/** Runs a graph in TF.js, the reference evaluator and ONNX Runtime; returns the largest difference of the outputs `names`. */
export async function compareGraph(
  g: GraphDefBuilder,
  feeds: OperatorCase['feeds'],
  names: readonly string[],
  dtype?: OperatorCase['dtype'],
): Promise<number> {
  const saved = g.save(names);
  const expected = await executeInTfjs(saved, feeds, names);
  const model = read(saved);
  checkGraph(model.graph);
  const { evaluator, ort } = await runEverywhere(model, feeds);
  for (const [i, name] of names.entries()) expect(evaluator[name]!.dtype).toBe(dtype ?? expected[i]!.dtype);
  return Math.max(
    ...names.flatMap((name, i) => [evaluator, ort].map((results) => maxAbsError(results[name]!, expected[i]!))),
  );
}

export const image = tf.randomNormal([2, 7, 6, 4], 0, 1, 'float32', 1);
export const matrix = tf.randomNormal([3, 4], 0, 1, 'float32', 2);
export const other = tf.randomNormal([3, 4], 0, 1, 'float32', 3);
export const positive = tf.randomUniform([3, 4], 0.1, 3, 'float32', 4);
export const unit = tf.randomUniform([3, 4], -0.9, 0.9, 'float32', 5);

/** An int32 matrix. */
export const table = (...rows: readonly number[][]) =>
  tf.tensor2d(
    rows.map((row) => [...row]),
    [rows.length, rows[0]!.length],
    'int32',
  );
export const ints = table([7, -7, 5], [-5, 0, 9]);
export const divisors = table([3, 3, -2], [-2, 4, 4]);
export const flags = tf.cast(table([1, 0, 1], [0, 0, 1]), 'bool');

/** An int32 vector. */
export const list = (...values: number[]) => tf.tensor1d(values, 'int32');
export const scalar = (value: number) => tf.scalar(value, 'int32');
export const x = (tensor: tf.Tensor) => ({ x: tensor });
export const unary = (op: string, tensor: tf.Tensor = matrix): OperatorCase => ({
  op,
  feeds: x(tensor),
  operands: ['x'],
});
export const binary = (op: string, a: tf.Tensor, b: tf.Tensor): OperatorCase => ({
  op,
  feeds: { a, b },
  operands: ['a', 'b'],
});
