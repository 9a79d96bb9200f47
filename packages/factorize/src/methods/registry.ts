import { badOption } from '../error-codes.js';
import { cp } from './cp.js';
import type { Method } from './method.js';
import { sparseLowRank } from './sparse-low-rank.js';
import { spatial } from './spatial.js';
import { svd } from './svd.js';
import { tucker2 } from './tucker-2.js';
import { whitenedSvd } from './whitened-svd.js';

const METHODS_BY_NAME = {
  svd,
  'whitened-svd': whitenedSvd,
  'sparse-low-rank': sparseLowRank,
  'tucker-2': tucker2,
  cp,
  spatial,
} satisfies Readonly<Record<string, Method>>;

export type MethodName = keyof typeof METHODS_BY_NAME;

/** Names of all methods. */
export const METHODS = Object.keys(METHODS_BY_NAME) as readonly MethodName[];

/** Throws ERR_FACTORIZE_OPTION for a name that no method has. */
export function findMethod(name: MethodName): Method {
  if (!Object.hasOwn(METHODS_BY_NAME, name)) badOption('method', METHODS.join(', '), name);
  return METHODS_BY_NAME[name];
}
