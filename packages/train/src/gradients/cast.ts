import { isFloat } from '@gossamer/graph';
import { defineGradient } from './gradient-rule.js';

/** Between floats the gradient is cast back; from and to others nothing flows. */
export const castGradient = defineGradient({
  op: ['Cast', 'CastLike'],
  gradient({ g, x, y, dy }) {
    const [from, to] = [g.dtype(x), g.dtype(y)];
    return isFloat(from) && isFloat(to) ? [g.cast(dy, from)] : [];
  },
});
