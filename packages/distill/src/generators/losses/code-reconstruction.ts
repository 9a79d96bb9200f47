import { type Loss, weightedMean } from '@gossamer/train';
import { CODE_ESTIMATE, NOISE } from '../value-names.js';

/**
 * Mean of (code - estimate)^2: what an encoder reads back of the code a sample was made of. A decoder that ignores its code cannot make it small.
 *
 * Source: Yoo et al., NeurIPS 2019, equation 5.
 */
export function codeReconstruction(): Loss {
  return {
    name: 'code-reconstruction',
    build(context) {
      const { g, value } = context;
      const difference = g.sub(value(CODE_ESTIMATE), value(NOISE));
      return weightedMean(context, g.mul(difference, difference));
    },
  };
}
