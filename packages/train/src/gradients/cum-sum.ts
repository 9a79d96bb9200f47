import { defineGradient } from './gradient-rule.js';

/** Each element is part of the sums that follow it: their gradients are summed from the other end. */
export const cumSumGradient = defineGradient({
  op: 'CumSum',
  gradient: ({ g, node, inputs, dy }) => [
    g.op('CumSum', [dy, inputs[1]], {
      exclusive: node.int('exclusive', 0),
      reverse: node.int('reverse', 0) === 0 ? 1 : 0,
    }),
  ],
});
