import type { Criterion } from './criterion.js';
import { requireSecond } from './require-second.js';

/**
 * |w| times the norm of the input that it multiplies. Made for a comparison within rows.
 *
 * Source: Sun et al., "A Simple and Effective Pruning Approach for Large Language Models" (arXiv:2306.11695), equation 1.
 */
export const wanda: Criterion = {
  name: 'wanda',
  needs: 'inputs',
  isGlobal: false,
  isByRow: true,
  score(problem) {
    const { data, columns } = problem;
    const second = requireSecond(problem, 'wanda');
    const norms = Float64Array.from({ length: columns }, (_, j) => Math.sqrt(Math.max(0, second[j * columns + j]!)));
    return Float64Array.from(data, (value, i) => Math.abs(value) * norms[i % columns]!);
  },
};
