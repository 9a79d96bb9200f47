import type { Criterion } from './criterion.js';
import { requireStatistic } from './require-statistic.js';

/**
 * w² / (2 [F⁻¹]qq), F the Fisher information in blocks along the weights: what the loss rises by to second order without the element once the others of its block have made up for it (update
 * 'woodfisher').
 *
 * Source: Singh and Alistarh, "WoodFisher" (arXiv:2004.14340), equations 4 and 9.
 */
export const woodfisher: Criterion = {
  name: 'woodfisher',
  needs: 'inverse-fisher',
  isGlobal: true,
  score(problem) {
    const inverse = requireStatistic(problem, 'woodfisher');
    return Float64Array.from(problem.data, (w, i) => (w * w) / (2 * inverse[i]!));
  },
};
