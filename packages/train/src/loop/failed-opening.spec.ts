import { Session } from '@gossamer/runtime';
import { mlp } from '../architectures/mlp.js';
import { arrayDataset } from '../data/array-dataset.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { blobs, CLASSES, INPUTS } from './testing/blobs.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';

const base: TrainOptions = { losses: [{ loss: crossEntropy() }], batch: 8, epochs: 1, threads: 1, engine: 'reference' };

const refused: [string, Partial<TrainOptions>][] = [
  ['clipping', { clipNorm: NaN }],
  ['clipping beside validation', { clipNorm: NaN, validation: { count: 8 } }],
  ['regularisers', { regularizers: [{ regularizer: 'l1', strength: 1, tensors: [{ name: 'fc9' }] }] }],
  ['a metric', { validation: { count: 8, metric: 'luck' } }],
  ['held-out samples', { validation: { dataset: arrayDataset({}) } }],
];

test.each(refused)('leaves no session open where %s cannot be used', async (_, options) => {
  const opened = jest.spyOn(Session, 'open');
  const disposed = jest.spyOn(Session.prototype, 'dispose');
  try {
    await expect(train(mlp([INPUTS, 4, CLASSES], 3), blobs(40), { ...base, ...options })).rejects.toThrow();
    expect(disposed).toHaveBeenCalledTimes(opened.mock.calls.length);
  } finally {
    opened.mockRestore();
    disposed.mockRestore();
  }
});
