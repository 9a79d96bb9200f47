import { attribute } from '@gossamer/graph';
import { defineGradient } from './gradient-rule.js';
import { unbroadcast } from './unbroadcast.js';

/** Y = alpha A' B' + beta C, where A' and B' may be transposed. */
export const gemmGradient = defineGradient({
  op: 'Gemm',
  gradient({ g, node, inputs, dy, needs }) {
    const [a, b, c] = inputs;
    const transA = node.int('transA', 0) !== 0;
    const transB = node.int('transB', 0) !== 0;
    const alpha = node.float('alpha', 1);
    const product = (left: Parameters<typeof g.matmul>[0], right: typeof left, ta: boolean, tb: boolean) =>
      alpha === 1
        ? g.matmul(left, right, ta, tb)
        : g.op('Gemm', [left, right], { transA: ta ? 1 : 0, transB: tb ? 1 : 0, alpha: attribute.float(alpha) });
    return [
      needs(0) ? (transA ? product(b!, dy, transB, true) : product(dy, b!, false, !transB)) : undefined,
      needs(1) ? (transB ? product(dy, a!, true, transA) : product(a!, dy, !transA, false)) : undefined,
      c && needs(2) ? g.scale(unbroadcast(g, dy, g.shape(c)), node.float('beta', 1)) : undefined,
    ];
  },
});
