import { badOption } from '../bad-option.js';
import { obs } from './obs.js';
import { sparsegpt } from './sparsegpt.js';
import type { Update } from './update.js';

/** Updates that keep a layer's outputs, by name; one line each. */
const UPDATES: readonly Update[] = [obs, sparsegpt];

export type UpdateName = 'obs' | 'sparsegpt' | 'woodfisher';

/** Undefined: 'none'. Throws ERR_PRUNE_OPTION naming those there are. */
export function findUpdate(name: string): Update | 'woodfisher' | undefined {
  if (name === 'none') return undefined;
  const found = name === 'woodfisher' ? name : UPDATES.find((update) => update.name === name);
  return found ?? badOption('update', `none, ${UPDATES.map((update) => update.name).join(', ')}, woodfisher`, name);
}
