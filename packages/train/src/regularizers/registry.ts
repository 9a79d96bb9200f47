import { requireName } from '../require-option.js';
import { groupLasso } from './group-lasso.js';
import { l1 } from './l1.js';
import { l2 } from './l2.js';
import type { Regularizer } from './regularizer.js';

/** Every regulariser of weights, by name. */
export const REGULARIZERS = { l1, l2, 'group-lasso': groupLasso } as const satisfies Readonly<
  Record<string, Regularizer>
>;

export type RegularizerName = keyof typeof REGULARIZERS;

/** The regulariser called `name`; throws ERR_TRAIN_OPTIONS naming those there are. */
export function findRegularizer(name: string): Regularizer {
  return requireName('regularizer', REGULARIZERS, name);
}
