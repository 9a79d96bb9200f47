import { requireAtLeast, requireInteger } from '../require-option.js';
import { anneal } from './anneal.js';
import type { Schedule } from './schedule.js';

export interface CosineOptions {
  /** At step 0, >= 0. */
  readonly learningRate: number;
  /** The step from which on the rate is `final`, >= 1: the number of steps of the training. */
  readonly steps: number;
  /** >= 0. Default 0. */
  readonly final?: number;
}

/**
 * Cosine annealing without restarts: eta(t) = final + (learningRate - final) (1 + cos(pi t / steps)) / 2, and `final` from `steps` on.
 *
 * Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017 (arXiv:1608.03983), equation 5.
 */
export function cosine({ learningRate, steps, final = 0 }: CosineOptions): Schedule {
  requireAtLeast('learningRate', learningRate, 0);
  requireInteger('steps', steps, 1);
  requireAtLeast('final', final, 0);
  return (t) => (t >= steps ? final : anneal(learningRate, final, t / steps));
}
