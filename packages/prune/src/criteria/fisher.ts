import type { Criterion } from './criterion.js';
import { requireStatistic } from './require-statistic.js';

/**
 * ½ F w², F the mean over samples of the squared gradient of the loss of one: what the loss rises by to second order at a minimum, where the Hessian is diagonal and is the Fisher information.
 *
 * Sources: LeCun, Denker and Solla, "Optimal Brain Damage", 1990, equation 5; F in the place of the Hessian: Theis et al. (arXiv:1801.05787), equation 11.
 */
export const fisher: Criterion = {
  name: 'fisher',
  needs: 'sample-squares',
  isGlobal: true,
  score(problem) {
    const squares = requireStatistic(problem, 'fisher');
    return Float64Array.from(problem.data, (w, i) => 0.5 * squares[i]! * w * w);
  },
};
