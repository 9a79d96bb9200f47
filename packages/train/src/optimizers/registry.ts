import { requireName } from '../require-option.js';
import { adam } from './adam.js';
import { adamw } from './adamw.js';
import { amsgrad } from './amsgrad.js';
import { lion } from './lion.js';
import { momentum } from './momentum.js';
import { nesterov } from './nesterov.js';
import type { Optimizer } from './optimizer.js';
import { rmsprop } from './rmsprop.js';
import { sgd } from './sgd.js';

/** Every optimiser, by name. */
export const OPTIMIZERS = {
  sgd,
  momentum,
  nesterov,
  rmsprop,
  adam,
  amsgrad,
  adamw,
  lion,
} as const satisfies Readonly<Record<string, Optimizer>>;

export type OptimizerName = keyof typeof OPTIMIZERS;

/** The optimiser called `name`; throws ERR_TRAIN_OPTIONS naming those there are. */
export function findOptimizer(name: string): Optimizer {
  return requireName('optimizer', OPTIMIZERS, name);
}
