import { requireAtLeast } from '../require-option.js';
import type { Schedule } from './schedule.js';

/** eta(t) = `learningRate`, >= 0. */
export function constant({ learningRate }: { readonly learningRate: number }): Schedule {
  requireAtLeast('learningRate', learningRate, 0);
  return () => learningRate;
}
