import { defineGradient } from './gradient-rule.js';

/** Other names for the same elements. */
export const reshapeGradient = defineGradient({
  op: ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity'],
  gradient: ({ g, x, dy }) => [g.reshape(dy, g.shape(x))],
});
