import type { CriterionProblem } from './criterion.js';

/** The mean of x xᵀ, [columns, columns]; a bug where it is missing. */
export function requireSecond({ second, columns }: CriterionProblem, criterion: string): Float64Array {
  if (second?.length === columns * columns) return second;
  throw new Error(`${criterion}: expected moments of ${columns} inputs, received ${second?.length ?? 'none'}`);
}
