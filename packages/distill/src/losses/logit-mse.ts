import type { Loss } from '@gossamer/train';
import { logitPair, type LogitsOptions } from './logits.js';

/**
 * Half the squared distance of the logits, averaged over samples: the limit of soft targets at a high temperature, for logits of mean 0.
 *
 * Source: Ba and Caruana, "Do Deep Nets Really Need to be Deep?", NIPS 2014 (arXiv:1312.6184), equation 1.
 */
export function logitMse(options: LogitsOptions = {}): Loss {
  return {
    name: 'logit-mse',
    build(context) {
      const { g } = context;
      const { student, teacher, mean } = logitPair(context, options);
      const difference = g.sub(student, teacher);
      return g.scale(mean(g.sum(g.mul(difference, difference), [1])), 0.5);
    },
  };
}
