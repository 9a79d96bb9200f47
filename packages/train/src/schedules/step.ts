import { requireAtLeast, requireInteger } from '../require-option.js';
import type { Schedule } from './schedule.js';

export interface StepOptions {
  /** Before the first fall, >= 0. */
  readonly learningRate: number;
  /** Steps between two falls, >= 1. */
  readonly every: number;
  /** What the rate is multiplied by at each fall, >= 0. Default 0.1. */
  readonly factor?: number;
}

/** Step decay: eta(t) = learningRate factor^floor(t / every). As torch.optim.lr_scheduler.StepLR. */
export function step({ learningRate, every, factor = 0.1 }: StepOptions): Schedule {
  requireAtLeast('learningRate', learningRate, 0);
  requireInteger('every', every, 1);
  requireAtLeast('factor', factor, 0);
  return (t) => learningRate * factor ** Math.floor(t / every);
}
