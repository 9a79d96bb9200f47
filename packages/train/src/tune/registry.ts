import { requireName } from '../require-option.js';
import { randomSearch } from './random-search.js';
import type { SearchStrategy } from './search.js';
import { successiveHalving, type SuccessiveHalvingOptions } from './successive-halving.js';
import { tpe, type TpeOptions } from './tpe.js';

/** Every strategy, by name. */
export const SEARCHES = { random: randomSearch, tpe, 'successive-halving': successiveHalving } as const;

export type SearchName = keyof typeof SEARCHES;

/** The strategy called `name`; throws ERR_TRAIN_OPTIONS naming those there are. */
export function createSearch(
  name: string,
  options: TpeOptions & Partial<SuccessiveHalvingOptions> = {},
): SearchStrategy {
  return requireName('search', SEARCHES, name)(options as TpeOptions & SuccessiveHalvingOptions);
}
