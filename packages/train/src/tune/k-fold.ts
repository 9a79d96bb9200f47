import { permutation, streamOf } from '../data/counter-random.js';
import { badOption } from '../require-option.js';

/** One division of the samples, each part in ascending order. */
export interface Fold {
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
}

export interface KFoldOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Class of each sample: each class is spread evenly over the folds. Default: samples are spread whatever they are. */
  readonly labels?: ArrayLike<number | bigint>;
}

const STREAM = streamOf('tune/k-fold');

/**
 * k divisions of `length` samples: every sample is in one validation part. Sizes of the parts differ by one at most, and so do the numbers of each class
 * when labels are given. Throws ERR_TRAIN_OPTIONS.
 */
export function kFold(length: number, folds: number, { seed = 0, labels }: KFoldOptions = {}): Fold[] {
  if (!(Number.isInteger(folds) && folds >= 2 && folds <= length)) {
    badOption('folds', `an integer in [2, ${length}]`, folds);
  }
  if (labels && labels.length !== length) badOption('labels', `${length} of them`, labels.length);
  const shuffled = Array.from(permutation(length, seed, STREAM, 0));
  // A stable sort keeps the random order within a class; dealt in turn, no two folds get numbers more than one apart of any run.
  const order = labels ? shuffled.sort((a, b) => Number(labels[a]!) - Number(labels[b]!)) : shuffled;
  return Array.from({ length: folds }, (_, fold) => ({
    training: Uint32Array.from(order.filter((__, i) => i % folds !== fold)).sort(),
    validation: Uint32Array.from(order.filter((__, i) => i % folds === fold)).sort(),
  }));
}
