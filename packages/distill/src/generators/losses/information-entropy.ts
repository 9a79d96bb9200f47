import type { Loss } from '@gossamer/train';
import { TEACHER_LOGITS } from '../value-names.js';

/** Below any probability that counts: its logarithm is finite. */
const TINY = 1e-12;

/**
 * Minus the entropy, in nats, of the mean distribution of the batch: small where all classes are made alike often. Without it generators
 * collapse to one class.
 *
 * Source: Chen et al., ICCV 2019 (arXiv:1904.01186), equation 4.
 */
export function informationEntropy(): Loss {
  return {
    name: 'information-entropy',
    build({ g, value }) {
      const share = g.mean(g.op('Softmax', [value(TEACHER_LOGITS)], { axis: -1 }), [0]);
      return g.sum(g.mul(share, g.op('Log', [g.op('Max', [share, g.constant(TINY)])])), [0]);
    },
  };
}
