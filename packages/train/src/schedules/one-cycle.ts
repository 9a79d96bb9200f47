import { badOption, requireAtLeast, requireInteger, requirePositive } from '../require-option.js';
import { anneal } from './anneal.js';
import type { Schedule } from './schedule.js';

export interface OneCycleOptions {
  /** The peak, >= 0. */
  readonly learningRate: number;
  /** Steps of the training, >= 1; from the last one on the rate is the lowest. */
  readonly steps: number;
  /** Share of the steps that rise, in (1 / steps, 1). Default 0.3. */
  readonly rise?: number;
  /** The peak over the rate of step 0, > 0. Default 25. */
  readonly initialDivisor?: number;
  /** The rate of step 0 over the last one's, > 0. Default 1e4. */
  readonly finalDivisor?: number;
}

/**
 * One cycle: half a cosine from learningRate / initialDivisor up to learningRate at step rise * steps - 1, another one down to
 * learningRate / (initialDivisor * finalDivisor) at step steps - 1. As torch.optim.lr_scheduler.OneCycleLR (two phases, cosine); momentum is
 * not cycled.
 *
 * Source: Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2017 (arXiv:1708.07120),
 * whose phases are linear; the cosines are fast.ai's.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const { learningRate, steps, rise = 0.3, initialDivisor = 25, finalDivisor = 1e4 } = options;
  requireAtLeast('learningRate', learningRate, 0);
  requireInteger('steps', steps, 1);
  requirePositive('initialDivisor', initialDivisor);
  requirePositive('finalDivisor', finalDivisor);
  const peak = rise * steps - 1;
  const last = steps - 1;
  if (!(peak > 0 && peak < last)) badOption('rise', `a share in (1 / ${steps}, 1)`, rise);
  const initial = learningRate / initialDivisor;
  const final = initial / finalDivisor;
  return (t) => {
    if (t >= last) return final;
    return t <= peak
      ? anneal(initial, learningRate, t / peak)
      : anneal(learningRate, final, (t - peak) / (last - peak));
  };
}
