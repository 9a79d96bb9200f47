import { tfjsOperators } from '@gossamer/runtime';
import { TRAIN_DOMAIN } from '../emit/train-domain.js';

/** Those of `names` that the engine tfjs has kernels for. */
export function tfjsFunctions(names: readonly string[]): ReadonlySet<string> {
  const kinds = new Set(tfjsOperators());
  return new Set(names.filter((name) => kinds.has(`${TRAIN_DOMAIN}::${name}`)));
}
