import { defineGradient } from './gradient-rule.js';
import { unbroadcast } from './unbroadcast.js';

/** The copies' gradients summed. */
export const expandGradient = defineGradient({
  op: 'Expand',
  gradient: ({ g, x, dy }) => [unbroadcast(g, dy, g.shape(x))],
});
