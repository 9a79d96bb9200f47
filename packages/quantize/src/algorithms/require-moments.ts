import type { WeightProblem } from './weight-algorithm.js';

/** The mean of x xᵀ of a problem, [columns, columns]; the caller's fault where it is missing. */
export function requireMoments({ layer, columns, second }: WeightProblem, algorithm: string): Float64Array {
  if (second?.length === columns ** 2) return second;
  throw new Error(
    `${algorithm}, layer ${layer}: expected second moments [${columns}, ${columns}], received ${second?.length ?? 'none'}`,
  );
}
