import { defineGradient } from './gradient-rule.js';
import { keepAxes, reducedAxes } from './reduce.js';

/** Elements equal to the greatest or least of their group share its gradient evenly, as in torch.amax and torch.amin. */
export const reduceExtremesGradient = defineGradient({
  op: ['ReduceMax', 'ReduceMin'],
  gradient({ g, node, x, y, dy }) {
    const hits = g.cast(g.op('Equal', [x, keepAxes(g, node, y)]), g.dtype(dy));
    const share = g.div(keepAxes(g, node, dy), g.sum(hits, reducedAxes(g, node), 1));
    return [g.mul(hits, share)];
  },
});
