import { type Loss, weightedMean } from '@gossamer/train';
import { FEATURES } from '../value-names.js';

/**
 * Minus the mean |f| of what the teacher's last layer reads: real samples excite filters that noise does not.
 *
 * Source: Chen et al., ICCV 2019 (arXiv:1904.01186), equation 3.
 */
export function activation(): Loss {
  return {
    name: 'activation',
    build: (context) => context.g.neg(weightedMean(context, context.g.op('Abs', [context.value(FEATURES)]))),
  };
}
