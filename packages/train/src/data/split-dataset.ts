import { GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';
import { permutation, streamOf } from './counter-random.js';
import { type Dataset, subset } from './dataset.js';

const SPLIT = streamOf('split');

/** Two disjoint parts of a dataset. */
export interface SplitDataset {
  readonly training: Dataset;
  readonly validation: Dataset;
}

/** Holds `count` samples out, chosen by `seed`; both parts keep the samples' order. Throws ERR_TRAIN_OPTIONS unless both get one. */
export function splitDataset(dataset: Dataset, count: number, seed: number): SplitDataset {
  if (!(Number.isInteger(count) && count >= 1 && count < dataset.length)) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `validation: expected a number of samples from 1 below ${dataset.length}, received ${count}`,
    );
  }
  const order = permutation(dataset.length, seed, SPLIT, 0);
  return {
    training: subset(dataset, order.slice(count).sort()),
    validation: subset(dataset, order.slice(0, count).sort()),
  };
}
