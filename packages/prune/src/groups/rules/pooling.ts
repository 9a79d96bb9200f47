import { defineGroupRule } from '../rule.js';

/** Pools over space: batch and channels pass. */
export const pooling = defineGroupRule({
  ops: ['AveragePool', 'GlobalAveragePool', 'GlobalLpPool', 'GlobalMaxPool', 'LpPool', 'MaxPool'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    if (!x || node.outputs.length > 1) return;
    axes.tie(x, 0, node.output, 0);
    axes.tie(x, 1, node.output, 1);
  },
});
