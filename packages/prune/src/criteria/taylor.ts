import type { Criterion } from './criterion.js';
import { requireStatistic } from './require-statistic.js';

/**
 * (g w)², g the gradient of a batch's mean loss, averaged over batches: the square of what the loss changes to first order without the element.
 *
 * Source: Molchanov et al., "Importance Estimation for Neural Network Pruning" (arXiv:1906.10771), equation 8.
 */
export const taylor: Criterion = {
  name: 'taylor',
  needs: 'batch-squares',
  isGlobal: true,
  score(problem) {
    const squares = requireStatistic(problem, 'taylor');
    return Float64Array.from(problem.data, (w, i) => squares[i]! * w * w);
  },
};
