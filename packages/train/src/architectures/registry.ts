import { GossamerError, type Model } from '@gossamer/graph';
import { leNet300100, leNet5, resNet20, tinyLm } from '@gossamer/graph/zoo';
import type { TrainErrorCode } from '../error-codes.js';
import { mlp } from './mlp.js';

/** Nets that are trained from nothing, by name; one line each. */
export const ARCHITECTURES: Readonly<Record<string, (seed: number) => Model>> = {
  'lenet-300-100': leNet300100,
  'lenet-5': leNet5,
  'resnet-20': (seed) => resNet20({ seed, batchNorm: true }),
  'tiny-lm': (seed) => tinyLm({ seed }),
};

const MLP = /^mlp(-\d+){2,}$/;

/** The architecture called `name` (or `mlp-IN-...-OUT`) with weights from `seed`. Throws ERR_TRAIN_OPTIONS naming those there are. */
export function buildArchitecture(name: string, seed = 0): Model {
  if (Object.hasOwn(ARCHITECTURES, name)) return ARCHITECTURES[name]!(seed);
  if (MLP.test(name)) {
    const widths = name.split('-').slice(1).map(Number);
    if (widths.every((width) => width > 0)) return mlp(widths, seed);
  }
  const names = Object.keys(ARCHITECTURES).join(', ');
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAIN_OPTIONS',
    `arch: expected one of ${names}, mlp-IN-...-OUT, received ${name}`,
  );
}
