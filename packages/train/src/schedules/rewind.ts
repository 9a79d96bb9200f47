import { badOption, requireInteger } from '../require-option.js';
import type { Schedule } from './schedule.js';

export interface RewindOptions {
  /** T: steps of the first training, >= 1. */
  readonly steps: number;
  /** k: the step whose rate each later round begins at, in [0, steps). */
  readonly to: number;
}

/**
 * Learning-rate rewinding: the schedule once, then its steps `to` to `steps` - 1 again and again, a round of `steps` - `to` steps after each
 * pruning. Weights go on from where they are; with weights rewound too (as the lottery ticket does) the same schedule serves.
 *
 * Source: Renda, Frankle, Carbin, "Comparing Rewinding and Fine-tuning in Neural Network Pruning", ICLR 2020 (arXiv:2003.02389), section 2.
 */
export function rewind(schedule: Schedule, { steps, to }: RewindOptions): Schedule {
  requireInteger('steps', steps, 1);
  requireInteger('to', to, 0);
  if (to >= steps) badOption('to', `a step before ${steps}`, to);
  return (t) => schedule(t < steps ? t : to + ((t - steps) % (steps - to)));
}
