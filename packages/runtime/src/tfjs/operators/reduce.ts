import type { Tensor } from '@tensorflow/tfjs-core';
import { channelsFirstPerm } from '../../layout/permutations.js';
import type { Tf } from '../backend.js';
import { type Layout, turned } from '../held.js';
import { axisIn, type Call, first } from '../call.js';
import { exactIntegers, FLOAT, NUMBERS, type Result, type TfjsOperator } from '../operator.js';

type Reduce = (tf: Tf, x: Tensor, axes: number[]) => Tensor;

/** A reduction; `compute` keeps the reduced axes with size 1. `empty` is what it gives of no elements. */
const reduction = (op: string, empty: number, compute: Reduce): TfjsOperator => ({
  op,
  types: NUMBERS,
  ...exactIntegers,
  host: [1],
  run: (call) => reduced(call, (tf, x, axes) => (x.size > 0 ? compute(tf, x, axes) : ofNothing(tf, x, axes, empty))),
});

const ofNothing = (tf: Tf, x: Tensor, axes: number[], empty: number) =>
  tf.fill(x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim)) as [], empty);

function reduced(call: Call, compute: Reduce): Result {
  const { tf, node } = call;
  const { tensor, layout } = call.any(0);
  const { rank } = tensor;
  const given = call.numbers(1)?.map((axis) => call.axis(axis, rank)) ?? [];
  if (given.length === 0 && node.int('noop_with_empty_axes', 0) === 1) {
    return { tensor: compute(tf, tensor, []), layout };
  }
  const axes = given.length > 0 ? given : tensor.shape.map((_, axis) => axis);
  const places = axes.map((axis) => axisIn(layout, rank, axis)).sort((a, b) => a - b);
  const y = compute(tf, tensor, places);
  if (node.int('keepdims', 1) === 1) return { tensor: y, layout };
  return first(withoutAxes(tf, y, layout, axes));
}

/** A tensor in the order of ONNX without `axes`, which have size 1. */
function withoutAxes(tf: Tf, y: Tensor, layout: Layout, axes: readonly number[]): Tensor {
  const whole = layout === 'last' ? turned(tf, y, channelsFirstPerm(y.rank)) : y;
  return tf.reshape(
    whole,
    whole.shape.filter((_, axis) => !axes.includes(axis)),
  );
}

/** log(sum(exp x)) without overflow. */
function logSumExp(tf: Tf, x: Tensor, axes: number[]): Tensor {
  const most = tf.max(x, axes, true);
  const finite = tf.where(tf.isFinite(most), most, tf.zerosLike(most));
  return tf.add(tf.log(tf.sum(tf.exp(tf.sub(x, finite)), axes, true)), finite);
}

/** No axes reduce nothing in ONNX, and all axes in some functions of TensorFlow.js. */
const over =
  (compute: Reduce): Reduce =>
  (tf, x, axes) =>
    axes.length === 0 ? x : compute(tf, x, axes);

const sum = over((tf, x, axes) => tf.sum(x, axes, true));

export const reduceOperators: readonly TfjsOperator[] = [
  reduction('ReduceSum', 0, sum),
  reduction(
    'ReduceMean',
    NaN,
    over((tf, x, axes) => tf.mean(x, axes, true)),
  ),
  reduction(
    'ReduceMax',
    -Infinity,
    over((tf, x, axes) => tf.max(x, axes, true)),
  ),
  reduction(
    'ReduceMin',
    Infinity,
    over((tf, x, axes) => tf.min(x, axes, true)),
  ),
  reduction(
    'ReduceProd',
    1,
    over((tf, x, axes) => tf.prod(x, axes, true)),
  ),
  reduction('ReduceL1', 0, (tf, x, axes) => sum(tf, tf.abs(x), axes)),
  reduction('ReduceL2', 0, (tf, x, axes) => tf.sqrt(sum(tf, tf.square(x), axes))),
  reduction('ReduceSumSquare', 0, (tf, x, axes) => sum(tf, tf.square(x), axes)),
  reduction('ReduceLogSum', -Infinity, (tf, x, axes) => tf.log(sum(tf, x, axes))),
  reduction('ReduceLogSumExp', -Infinity, over(logSumExp)),
  { op: 'ArgMax', types: FLOAT, run: extremum },
  { op: 'ArgMin', types: FLOAT, run: extremum },
];

/** ArgMax and ArgMin: the first of equals, or with select_last_index the last. */
function extremum(call: Call): Result {
  const { tf, node } = call;
  const { tensor, layout } = call.any(0);
  const axis = call.axis(node.int('axis', 0), tensor.rank);
  const place = axisIn(layout, tensor.rank, axis);
  const find = node.op === 'ArgMax' ? tf.argMax : tf.argMin;
  const isLast = node.int('select_last_index', 0) === 1;
  const found = find(isLast ? tf.reverse(tensor, place) : tensor, place);
  const size = tensor.shape[place]!;
  const index = isLast ? tf.sub(tf.scalar(size - 1, 'int32'), found) : found;
  const y = tf.reshape(
    index,
    tensor.shape.map((dim, at) => (at === place ? 1 : dim)),
  );
  if (node.int('keepdims', 1) === 1) return { tensor: y, layout };
  return first(withoutAxes(tf, y, layout, [axis]));
}
