import { axisIn, type Call, first } from '../call.js';
import { turned } from '../held.js';
import { exactIntegers, FLOAT, NUMBERS, type Result, type TfjsOperator } from '../operator.js';

function cumulated(call: Call): Result {
  const { tf, node } = call;
  const { tensor, layout } = call.any(0);
  const place = axisIn(layout, tensor.rank, call.axis(call.numbers(1)![0]!, tensor.rank));
  const y = tf.cumsum(tensor, place, node.int('exclusive', 0) === 1, node.int('reverse', 0) === 1);
  return { tensor: y, layout };
}

/** The axis swapped with the last one, there and back. */
function swap(rank: number, axis: number): number[] {
  const perm = Array.from({ length: rank }, (_, i) => i);
  [perm[axis], perm[rank - 1]] = [rank - 1, axis];
  return perm;
}

/** Values in order and their places; of equals the first comes first. */
function largest(call: Call): readonly Result[] {
  const { tf, node } = call;
  const x = call.first(0);
  const perm = swap(x.rank, call.axis(node.int('axis', -1), x.rank));
  const rows = turned(tf, x, perm);
  const isLargest = node.int('largest', 1) === 1;
  const { values, indices } = tf.topk(isLargest ? rows : tf.neg(rows), call.numbers(1)![0]!, true);
  return [first(turned(tf, isLargest ? values : tf.neg(values), perm)), first(turned(tf, indices, perm))];
}

export const orderOperators: readonly TfjsOperator[] = [
  { op: 'CumSum', types: NUMBERS, ...exactIntegers, host: [1], run: cumulated },
  { op: 'TopK', types: FLOAT, host: [1], run: largest },
];
