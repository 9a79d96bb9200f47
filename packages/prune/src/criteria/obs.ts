import { dampedMoment, inverseAsync } from '@gossamer/kernels';
import type { Criterion } from './criterion.js';
import { DAMPING } from './damping.js';
import { requireSecond } from './require-second.js';

/**
 * w² / (2 [H⁻¹]qq), H = 2 M the Hessian of the mean squared error of the layer's outputs, M the damped mean of x xᵀ: what that error rises by without the element once the others of its row have made up for
 * it (update 'obs').
 *
 * Sources: Hassibi and Stork, "Optimal Brain Surgeon", 1993; by rows: Frantar, Singh and Alistarh (arXiv:2208.11580), equation 3.
 */
export const obs: Criterion = {
  name: 'obs',
  needs: 'inputs',
  isGlobal: false,
  async score(problem) {
    const { data, columns } = problem;
    const inverse = await inverseAsync(dampedMoment(requireSecond(problem, 'obs'), columns, DAMPING), columns);
    return Float64Array.from(data, (w, i) => (w * w) / inverse[(i % columns) * (columns + 1)]!);
  },
};
