import { requireAtLeast } from '../require-option.js';
import type { Regularizer } from './regularizer.js';

/**
 * L1: the sum of |w|. Its proximal step is soft thresholding: every weight moves `threshold` towards 0 and stops there. In float32, as the
 * optimisers' `l1` does within their own pass.
 *
 * Source: Daubechies, Defrise, De Mol, "An iterative thresholding algorithm for linear inverse problems with a sparsity constraint", 2004.
 */
export const l1: Regularizer = {
  name: 'l1',

  penalty(tensors) {
    let sum = 0;
    for (const { data } of tensors) for (const w of data) sum += Math.abs(w);
    return sum;
  },

  shrink(tensors, threshold) {
    const t = Math.fround(requireAtLeast('threshold', threshold, 0));
    for (const { data } of tensors) {
      for (let i = 0; i < data.length; i++) {
        const magnitude = Math.abs(data[i]!);
        data[i] = magnitude <= t ? 0 : Math.sign(data[i]!) * (magnitude - t);
      }
    }
  },
};
