import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineGradient } from './gradient-rule.js';
import { unbroadcast } from './unbroadcast.js';

/** Operands of rank 1 are rows or columns of matrices. */
function asMatrices(g: Emitter, a: Value, b: Value, dy: Value): [Value, Value, Value] {
  const [sa, sb, sy] = [g.shape(a), g.shape(b), g.shape(dy)];
  const isRow = sa.length === 1;
  const isColumn = sb.length === 1;
  if (!isRow && !isColumn) return [a, b, dy];
  const lead = sy.slice(0, sy.length - (isRow ? 0 : 1) - (isColumn ? 0 : 1));
  const rows = isRow ? 1 : sy[lead.length]!;
  const columns = isColumn ? 1 : sy.at(-1)!;
  return [
    isRow ? g.reshape(a, [1, sa[0]!]) : a,
    isColumn ? g.reshape(b, [sb[0]!, 1]) : b,
    g.reshape(dy, [...lead, rows, columns]),
  ];
}

/** dA = dY B^T, dB = A^T dY, summed over the axes that were broadcast. A [.., k] x [k, n] product is one product of all rows. */
export const matMulGradient = defineGradient({
  op: 'MatMul',
  gradient({ g, inputs, dy, needs }) {
    const [a, b] = [inputs[0]!, inputs[1]!];
    const [ma, mb, my] = asMatrices(g, a, b, dy);
    const isFlat = g.rank(mb) === 2 && g.rank(ma) > 2;
    const rows = (t: Value) => (isFlat ? g.reshape(t, [g.size(t) / g.shape(t).at(-1)!, g.shape(t).at(-1)!]) : t);
    const back = (d: Value, matrix: Value, to: Value) => g.reshape(unbroadcast(g, d, g.shape(matrix)), g.shape(to));
    return [
      needs(0)
        ? back(g.reshape(g.matmul(rows(my), mb, false, true), isFlat ? g.shape(ma) : batchOf(g, my, ma)), ma, a)
        : undefined,
      needs(1) ? back(g.matmul(rows(ma), rows(my), true, false), mb, b) : undefined,
    ];
  },
});

/** Shape of dA before it is summed: the batch axes of dY, the matrix of A. */
function batchOf(g: Emitter, dy: Value, a: Value): number[] {
  return [...g.shape(dy).slice(0, -2), ...g.shape(a).slice(-2)];
}
