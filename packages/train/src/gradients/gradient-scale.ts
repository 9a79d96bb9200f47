import { TRAIN_DOMAIN } from '../emit/train-domain.js';
import { defineGradient } from './gradient-rule.js';

export const gradientScaleGradient = defineGradient({
  op: 'GradientScale',
  domain: TRAIN_DOMAIN,
  gradient: ({ g, node, dy }) => [g.scale(dy, node.float('factor', 1))],
});
