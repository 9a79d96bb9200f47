import type { SparseParameter } from '@gossamer/train';
import { erkCounts } from '../allocation/erk.js';
import { keepLargest } from '../masks/keep-largest.js';

/** Where weights stay: 'global': by one threshold over all tensors; 'uniform': the same share of each; 'erk': see erkCounts. */
export type SharedAs = 'global' | 'uniform' | 'erk';

/** Sets the masks of `parameters` so that `sparsity` of all their weights are 0, those of the least scores. */
export function maskLeast(
  parameters: readonly SparseParameter[],
  scoresOf: (parameter: SparseParameter, index: number) => ArrayLike<number>,
  sparsity: number,
  allocation: SharedAs,
): void {
  const sizes = parameters.map(({ weight }) => weight.length);
  const total = sizes.reduce((a, b) => a + b, 0);
  const count = total - Math.floor(sparsity * total);
  if (allocation === 'global') {
    const scores = new Float64Array(total);
    let at = 0;
    parameters.forEach((parameter, i) => {
      scores.set(scoresOf(parameter, i), at);
      at += sizes[i]!;
    });
    const kept = keepLargest(scores, count);
    at = 0;
    parameters.forEach(({ mask }, i) => {
      mask.set(kept.subarray(at, at + sizes[i]!));
      at += sizes[i]!;
    });
    return;
  }
  const counts = countsOf(parameters, sparsity, allocation);
  parameters.forEach((parameter, i) => keepLargest(scoresOf(parameter, i), counts[i]!, parameter.mask));
}

/** How many weights of each tensor stay. */
export function countsOf(
  parameters: readonly Pick<SparseParameter, 'shape' | 'weight'>[],
  sparsity: number,
  allocation: 'uniform' | 'erk',
): number[] {
  if (allocation === 'uniform')
    return parameters.map(({ weight }) => weight.length - Math.floor(sparsity * weight.length));
  const total = parameters.reduce((sum, { weight }) => sum + weight.length, 0);
  return erkCounts(
    parameters.map(({ shape }) => shape),
    total - Math.floor(sparsity * total),
  );
}
