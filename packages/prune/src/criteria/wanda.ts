import { GossamerError } from '@gossamer/graph';
import type { PruneErrorCode } from '../error-codes.js';
import type { Criterion } from './criterion.js';

/**
 * |w| times the norm of the input that it multiplies. Made for a comparison within rows.
 *
 * Source: Sun et al., "A Simple and Effective Pruning Approach for Large Language Models" (arXiv:2306.11695), equation 1. Throws ERR_PRUNE_DATA.
 */
export const wanda: Criterion = {
  name: 'wanda',
  needs: 'inputs',
  isGlobal: false,
  score({ data, columns, second }) {
    if (!second)
      throw new GossamerError<PruneErrorCode>('ERR_PRUNE_DATA', 'wanda: expected inputs of the layer, received none');
    const norms = Float64Array.from({ length: columns }, (_, j) => Math.sqrt(Math.max(0, second[j * columns + j]!)));
    return Float64Array.from(data, (value, i) => Math.abs(value) * norms[i % columns]!);
  },
};
