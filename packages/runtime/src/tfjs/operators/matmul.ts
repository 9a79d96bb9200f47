import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { first } from '../call.js';
import { FLOAT, type TfjsOperator } from '../operator.js';

/** As MatMul of the standard; `transA` and `transB` swap the last two axes of operands that have two. */
function product(tf: Tf, a: Tensor, b: Tensor, transA = false, transB = false): Tensor {
  const [isRow, isColumn] = [a.rank === 1, b.rank === 1];
  const left = isRow ? tf.reshape(a, [1, a.size]) : a;
  const right = isColumn ? tf.reshape(b, [b.size, 1]) : b;
  const y = matrices(tf, left, right, transA && !isRow, transB && !isColumn);
  const dims = y.shape.filter((_, axis) => !(isRow && axis === y.rank - 2) && !(isColumn && axis === y.rank - 1));
  return isRow || isColumn ? tf.reshape(y, dims) : y;
}

/** A stack of matrices times one matrix is one product. */
function matrices(tf: Tf, a: Tensor, b: Tensor, transA: boolean, transB: boolean): Tensor {
  if (b.rank > 2 || a.rank === 2 || transA) return stacks(tf, a, b, transA, transB);
  const inner = a.shape.at(-1)!;
  const rows = a.shape.slice(0, -1);
  const y = tf.matMul(tf.reshape(a, [rows.reduce((x, dim) => x * dim, 1), inner]), b, false, transB);
  return tf.reshape(y, [...rows, y.shape[1]!]);
}

/** Stacks of one shape: the pure JavaScript backend confuses the matrices of stacks that both repeat. */
function stacks(tf: Tf, a: Tensor, b: Tensor, transA: boolean, transB: boolean): Tensor {
  const [left, right] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(left, right);
  const whole = (x: Tensor, own: readonly number[]) =>
    own.join() === shape.join() || own.every((dim) => dim === 1)
      ? x
      : tf.broadcastTo(x, [...shape, ...x.shape.slice(-2)]);
  return tf.matMul(whole(a, left), whole(b, right), transA, transB);
}

export const matmulOperators: readonly TfjsOperator[] = [
  {
    op: 'MatMul',
    types: FLOAT,
    run: (call) => first(product(call.tf, call.first(0), call.first(1))),
  },
  {
    op: 'FusedMatMul',
    domain: 'com.microsoft',
    types: FLOAT,
    refuse: (node) =>
      node.int('transBatchA', 0) !== 0 || node.int('transBatchB', 0) !== 0 ? 'transposed batches' : undefined,
    run(call) {
      const { tf, node } = call;
      const [transA, transB] = [node.int('transA', 0) === 1, node.int('transB', 0) === 1];
      const y = product(tf, call.first(0), call.first(1), transA, transB);
      const alpha = node.float('alpha', 1);
      return first(alpha === 1 ? y : tf.mul(y, alpha));
    },
  },
  {
    op: 'Gemm',
    types: FLOAT,
    run(call) {
      const { tf, node } = call;
      const [transA, transB] = [node.int('transA', 0) === 1, node.int('transB', 0) === 1];
      const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
      const plain = tf.matMul(call.first(0), call.first(1), transA, transB);
      const y = alpha === 1 ? plain : tf.mul(plain, alpha);
      const c = call.optional(2);
      if (!c || beta === 0) return first(y);
      return first(tf.add(y, beta === 1 ? c : tf.mul(c, beta)));
    },
  },
];
