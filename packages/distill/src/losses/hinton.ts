import type { Loss } from '@gossamer/train';
import { checkPositive } from './check-option.js';
import { divergence, logSoftmaxAt } from './divergence.js';
import { logitPair, type LogitsOptions } from './logits.js';

export interface HintonOptions extends LogitsOptions {
  /** T > 0. Default 4. */
  readonly temperature?: number;
}

/**
 * Soft targets: T^2 KL(softmax(z_t / T) || softmax(z_s / T)), whose gradients keep their size whatever T is. Mixed with cross-entropy by the
 * weights of the terms: (1 - alpha) CE + alpha of this.
 *
 * Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015 (arXiv:1503.02531), section 2.
 */
export function hinton(options: HintonOptions = {}): Loss {
  const { temperature = 4 } = options;
  checkPositive('temperature', temperature);
  return {
    name: 'hinton',
    build(context) {
      const { g } = context;
      const { student, teacher, mean } = logitPair(context, options);
      const rows = divergence(g, logSoftmaxAt(g, teacher, temperature), logSoftmaxAt(g, student, temperature));
      return g.scale(mean(rows), temperature * temperature);
    },
  };
}
