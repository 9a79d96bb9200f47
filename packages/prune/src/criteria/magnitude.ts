import type { Criterion } from './criterion.js';

/** |w|. Source: Han et al., "Learning both Weights and Connections" (arXiv:1506.02626). */
export const magnitude: Criterion = {
  name: 'magnitude',
  needs: 'nothing',
  isGlobal: true,
  score: ({ data }) => Float64Array.from(data, Math.abs),
};
