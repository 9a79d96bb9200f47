import type { Value } from '@gossamer/graph';
import { defineGradient } from './gradient-rule.js';
import { unbroadcast } from './unbroadcast.js';

/** The sum or mean of operands that broadcast. */
export const sumGradient = defineGradient({
  op: ['Sum', 'Mean'],
  gradient({ g, node, inputs, dy, needs }) {
    const share = node.op === 'Mean' ? g.scale(dy, 1 / inputs.length) : dy;
    return (inputs as readonly Value[]).map((operand, i) =>
      needs(i) ? unbroadcast(g, share, g.shape(operand)) : undefined,
    );
  },
});
