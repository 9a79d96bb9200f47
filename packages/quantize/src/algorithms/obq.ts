import { dampedMoment, inverseAsync, solveRowsAsync } from '@gossamer/kernels';
import { DAMPING } from './damped-factor.js';
import { reachableTarget } from './reachable-target.js';
import { requireMoments } from './require-moments.js';
import type { WeightAlgorithm } from './weight-algorithm.js';

/**
 * Optimal Brain Quantization: in each row the weight that costs least is rounded, again and again, and those that are left make up for it. Exact where GPTQ keeps one order for all rows, and
 * columns^3 / 3 multiply-adds a row: for layers of some hundred columns.
 *
 * Source: Frantar, Singh and Alistarh, "Optimal Brain Compression", NeurIPS 2022, section 5.
 */
export const obq: WeightAlgorithm = {
  name: 'obq',
  needs: 'moments',
  followsFloat: true,
  async solve(problem) {
    const { rows, columns, kept, signal } = problem;
    const options = signal ? { signal } : {};
    const second = requireMoments(problem, 'obq');
    const w = await reachableTarget(problem);
    const importance = Float64Array.from({ length: columns }, (_, j) => second[j * columns + j]!);
    // A table that is fitted has a level of 0 where weights are 0.
    const grid = problem.fit(kept ? w.map((value, i) => value * kept[i]!) : w, importance);
    const inverse = await inverseAsync(dampedMoment(second, columns, DAMPING), columns, options);
    const { codes } = await solveRowsAsync({ w, rows, columns, inverse, grid }, options);
    return { grid, codes: codes! };
  },
};
