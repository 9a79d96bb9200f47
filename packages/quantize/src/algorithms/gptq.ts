import { columnsByEnergy, permuteSymmetric, reverseCholeskyAsync, solveColumnsAsync } from '@gossamer/kernels';
import { DAMPING, dampedFactor } from './damped-factor.js';
import { reachableTarget } from './reachable-target.js';
import { requireMoments } from './require-moments.js';
import type { WeightAlgorithm } from './weight-algorithm.js';

/**
 * Column after column is rounded, and what that does to the outputs is made up for by the columns that are still to come. Weights that stay 0 are made up for alike. Integers in blocks go in order, each
 * block fitted to its weights as they are when it is reached; everything else by falling diagonal of the second moments, on the grid of the weights at the start.
 *
 * Source: Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", ICLR 2023, algorithm 1.
 */
export const gptq: WeightAlgorithm = {
  name: 'gptq',
  needs: 'moments',
  async solve(problem) {
    const { rows, columns, blockFit, kept, signal } = problem;
    const options = signal ? { signal } : {};
    const second = requireMoments(problem, 'gptq');
    const w = await reachableTarget(problem);
    const mask = kept ? { mask: { kind: 'given', kept } as const } : {};
    const importance = Float64Array.from({ length: columns }, (_, j) => second[j * columns + j]!);
    if (blockFit && blockFit.blockSize < columns) {
      const { r } = await dampedFactor(second, columns, signal);
      const fit = { ...blockFit, importance };
      const { codes, grid, weights } = await solveColumnsAsync({ w, rows, columns, r, fit, ...mask }, options);
      return { grid: grid!, codes: codes!, values: weights };
    }
    // A table that is fitted has a level of 0 where weights are 0.
    const grid = problem.fit(kept ? w.map((value, i) => value * kept[i]!) : w, importance);
    const order = columnsByEnergy(second, columns);
    const { r } = await reverseCholeskyAsync(permuteSymmetric(second, order), columns, {
      ...options,
      damping: DAMPING,
    });
    const { codes, weights } = await solveColumnsAsync({ w, rows, columns, r, order, grid, ...mask }, options);
    return { grid, codes: codes!, values: weights };
  },
};
