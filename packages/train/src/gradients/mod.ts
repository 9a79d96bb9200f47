import { defineGradient } from './gradient-rule.js';
import { unbroadcast } from './unbroadcast.js';

/** a - n b with a whole number n = (a - y) / b of no slope. */
export const modGradient = defineGradient({
  op: 'Mod',
  gradient({ g, inputs, y, dy, needs }) {
    const [a, b] = [inputs[0]!, inputs[1]!];
    const times = () => g.op('Round', [g.div(g.sub(y, a), b)]);
    return [
      needs(0) ? unbroadcast(g, dy, g.shape(a)) : undefined,
      needs(1) ? unbroadcast(g, g.mul(dy, times()), g.shape(b)) : undefined,
    ];
  },
});
