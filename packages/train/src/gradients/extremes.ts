import type { Value } from '@gossamer/graph';
import { defineGradient } from './gradient-rule.js';
import { unbroadcast } from './unbroadcast.js';

/**
 * The elementwise greatest or least of any number of operands. Those that are equal to it share its gradient evenly: half each for two, as
 * torch.maximum and torch.minimum have it.
 */
export const extremesGradient = defineGradient({
  op: ['Max', 'Min'],
  gradient({ g, inputs, y, dy, needs }) {
    const operands = inputs as readonly Value[];
    if (operands.length === 1) return [dy];
    const hits = operands.map((operand) => g.cast(g.op('Equal', [operand, y]), g.dtype(dy)));
    const share = g.div(
      dy,
      hits.reduce((sum, hit) => g.add(sum, hit)),
    );
    return operands.map((operand, i) =>
      needs(i) ? unbroadcast(g, g.mul(share, hits[i]!), g.shape(operand)) : undefined,
    );
  },
});
