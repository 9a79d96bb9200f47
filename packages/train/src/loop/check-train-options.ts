import { badOption, requireInteger } from '../require-option.js';
import type { TrainOptions } from './train-options.js';

/** Throws ERR_TRAIN_OPTIONS for numbers that a loop cannot count by: fractions, and 0 of what there must be some of. */
export function checkTrainOptions({
  batch = 1,
  accumulate = 1,
  patience,
  validation,
  checkpoint,
  sparsifier,
}: Pick<TrainOptions, 'batch' | 'accumulate' | 'patience' | 'validation' | 'checkpoint' | 'sparsifier'>): void {
  requireInteger('batch', batch, 1);
  requireInteger('accumulate', accumulate, 1);
  requireInteger('validation.every', validation?.every ?? 1, 1);
  requireInteger('checkpoint.every', checkpoint?.every ?? 1, 1);
  if (patience === undefined) return;
  requireInteger('patience', patience, 1);
  if (sparsifier) badOption('patience', 'none with a sparsifier', patience);
  if (!validation) badOption('patience', 'validation beside it', 'none');
}
