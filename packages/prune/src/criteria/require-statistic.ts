import type { CriterionProblem } from './criterion.js';

/** What a criterion needs of gradients; a bug where it is missing. */
export function requireStatistic({ statistic, data }: CriterionProblem, criterion: string): Float64Array {
  if (statistic?.length === data.length) return statistic;
  throw new Error(
    `${criterion}: expected ${data.length} numbers of gradients, received ${statistic?.length ?? 'none'}`,
  );
}
