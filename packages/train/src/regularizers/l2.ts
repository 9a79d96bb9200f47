import { requireAtLeast } from '../require-option.js';
import type { Regularizer } from './regularizer.js';

/**
 * L2: the sum of w^2 / 2, whose gradient is w: `weightDecay` of the optimisers is its factor. Its proximal step divides by 1 + threshold.
 *
 * Source: Parikh and Boyd, "Proximal Algorithms", 2014, section 6.1.1.
 */
export const l2: Regularizer = {
  name: 'l2',

  penalty(tensors) {
    let sum = 0;
    for (const { data } of tensors) for (const w of data) sum += w * w;
    return sum / 2;
  },

  shrink(tensors, threshold) {
    const divisor = 1 + requireAtLeast('threshold', threshold, 0);
    for (const { data } of tensors) for (let i = 0; i < data.length; i++) data[i]! /= divisor;
  },
};
