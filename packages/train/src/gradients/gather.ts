import { defineGradient } from './gradient-rule.js';

/** A registered function: embeddings are gathered, and their gradient is a sparse sum. */
export const gatherGradient = defineGradient({
  op: 'Gather',
  gradient({ g, node, inputs, x, dy }) {
    const rank = g.rank(x);
    const axis = (node.int('axis', 0) + rank) % rank;
    return [g.call('GatherGrad', [dy, inputs[1]], { axis, size: g.shape(x)[axis]! })[0]];
  },
});
