import { defineGradient } from './gradient-rule.js';
import { unbroadcast } from './unbroadcast.js';

/** Each branch gets the gradients of the elements that were taken from it. */
export const whereGradient = defineGradient({
  op: 'Where',
  gradient({ g, inputs, dy, needs }) {
    const [condition, a, b] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const zero = g.constant(0, g.dtype(dy));
    return [
      undefined,
      needs(1) ? unbroadcast(g, g.where(condition, dy, zero), g.shape(a)) : undefined,
      needs(2) ? unbroadcast(g, g.where(condition, zero, dy), g.shape(b)) : undefined,
    ];
  },
});
