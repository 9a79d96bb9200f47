import { defineGradient } from './gradient-rule.js';

/** Each part gets its part. */
export const concatGradient = defineGradient({
  op: 'Concat',
  gradient({ g, node, inputs, dy, needs }) {
    const rank = g.rank(dy);
    const axis = (node.int('axis', 0) + rank) % rank;
    let start = 0;
    return inputs.map((value, i) => {
      const size = g.shape(value!)[axis]!;
      const from = start;
      start += size;
      return needs(i) ? g.slice(dy, [axis], [from], [from + size]) : undefined;
    });
  },
});
