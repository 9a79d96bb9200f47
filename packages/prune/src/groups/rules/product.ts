import { defineGroupRule } from '../rule.js';

/** Gemm: rows and columns of both matrices by transA and transB, and its bias, broadcast to [M, N]. */
export const gemm = defineGroupRule({
  ops: ['Gemm'],
  tie(axes) {
    const { node } = axes;
    const [a, b, c] = node.inputs;
    if (!a || !b || axes.rank(a) !== 2 || axes.rank(b) !== 2) return;
    const [transA, transB] = [node.int('transA', 0), node.int('transB', 0)];
    const y = node.output;
    axes.tie(a, transA === 1 ? 1 : 0, y, 0);
    axes.tie(a, transA === 1 ? 0 : 1, b, transB === 1 ? 1 : 0);
    axes.tie(b, transB === 1 ? 0 : 1, y, 1);
    axes.masks(b, transB === 1 ? 0 : 1);
    axes.kind(y, 1, 'neuron');
    if (!c) return;
    const rank = axes.rank(c);
    for (let axis = 0; axis < rank; axis++) {
      const target = axis + 2 - rank;
      if (axes.length(c, axis) === 1 && axes.length(y, target) !== 1) axes.pass(c, axis);
      else {
        axes.tie(c, axis, y, target);
        if (target === 1) axes.masks(c, axis);
      }
    }
  },
});

/** MatMul of matrices or batches of them: rows and columns pass, what is summed over goes together, batch axes are broadcast. */
export const matMul = defineGroupRule({
  ops: ['MatMul'],
  tie(axes) {
    const { node } = axes;
    const [a, b] = node.inputs;
    if (!a || !b) return;
    const [rankA, rankB] = [axes.rank(a), axes.rank(b)];
    if (rankA < 2 || rankB < 2) return;
    const y = node.output;
    const rank = Math.max(rankA, rankB);
    axes.tie(a, rankA - 2, y, rank - 2);
    axes.tie(b, rankB - 1, y, rank - 1);
    axes.tie(a, rankA - 1, b, rankB - 2);
    axes.masks(a, rankA - 2);
    axes.masks(b, rankB - 1);
    const isDynamic = node.inputs.every((value) => value && !value.constant);
    // Hidden features of a sequence, as in a transformer.
    axes.kind(y, rank - 1, rank > 2 ? 'ffn' : 'neuron');
    for (const value of [a, b]) {
      const own = axes.rank(value);
      for (let axis = 0; axis < own - 2; axis++) {
        const target = axis + rank - own;
        if (axes.length(value, axis) === 1 && axes.length(y, target) !== 1) axes.pass(value, axis);
        else axes.tie(value, axis, y, target);
        if (isDynamic) axes.kind(value, axis, 'head');
      }
    }
  },
});
