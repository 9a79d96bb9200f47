import { defineGradient } from './gradient-rule.js';

/** Each element is added where it came from. */
export const gatherElementsGradient = defineGradient({
  op: 'GatherElements',
  gradient: ({ g, node, inputs, x, dy }) => [
    g.op('ScatterElements', [g.zeros(g.shape(x), g.dtype(x)), inputs[1], dy], {
      axis: node.int('axis', 0),
      reduction: 'add',
    }),
  ],
});
