import { defineGradient } from './gradient-rule.js';

/** The triangle that was kept gets its gradient. */
export const triluGradient = defineGradient({
  op: 'Trilu',
  gradient: ({ g, node, inputs, dy }) => [
    g.op('Trilu', inputs[1] ? [dy, inputs[1]] : [dy], { upper: node.int('upper', 1) }),
  ],
});
