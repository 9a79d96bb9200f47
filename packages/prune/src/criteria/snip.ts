import type { Criterion } from './criterion.js';
import { requireStatistic } from './require-statistic.js';

/**
 * |g w|, g the gradient of the mean loss of all samples. Made for nets before their training: at a minimum g is noise around 0, and `taylor`, which squares batch by batch, sees more.
 *
 * Source: Lee, Ajanthan and Torr, "SNIP" (arXiv:1810.02340), equations 4 and 6.
 */
export const snip: Criterion = {
  name: 'snip',
  needs: 'mean-gradient',
  isGlobal: true,
  score(problem) {
    const gradient = requireStatistic(problem, 'snip');
    return Float64Array.from(problem.data, (w, i) => Math.abs(gradient[i]! * w));
  },
};
