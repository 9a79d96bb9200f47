import type { Criterion } from './criterion.js';
import { requireStatistic } from './require-statistic.js';

/**
 * w (H g): half of what the squared norm of the mean loss's gradient falls by, to first order, without the element. What would raise it goes first, though it may be large: the score is of nets before their training.
 *
 * Source: Wang, Zhang and Grosse, "Picking Winning Tickets Before Training by Preserving Gradient Flow" (arXiv:2002.07376), equation 8, whose S is the negative.
 */
export const grasp: Criterion = {
  name: 'grasp',
  needs: 'hessian-gradient',
  isGlobal: true,
  score(problem) {
    const product = requireStatistic(problem, 'grasp');
    return Float64Array.from(problem.data, (w, i) => w * product[i]!);
  },
};
