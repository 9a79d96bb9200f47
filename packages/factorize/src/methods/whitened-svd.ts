import { isGossamerError } from '@gossamer/graph';
import { choleskyAsync, largeSingularValues, multiplyMatrices, transposeMatrix } from '@gossamer/kernels';
import { cutMatrix } from './cut-matrix.js';
import { defineMethod } from './method.js';

/** What is added to the moment's diagonal first, as a share of its mean. */
const DAMPING = 1e-10;
/** Where a moment is no moment. */
const MOST_DAMPING = 1;

/**
 * The cut whose output error ‖(W - W') X‖² is least, and is the sum of the squares that are left out (of X Xᵀ + εI).
 *
 * Source: Wang et al., "SVD-LLM", ICLR 2025 (arXiv:2403.07378), section 3.1; written without S⁻¹ (see cutMatrix).
 */
export const whitenedSvd = defineMethod({
  name: 'whitened-svd',
  needs: 'moments',
  refuse: () => undefined,
  async decompose(problem) {
    const { weight, rows, columns, moment } = problem;
    const upper = await damped(moment!, columns);
    const whitened = multiplyMatrices(weight, transposeMatrix(upper, columns, columns), rows, columns, columns);
    return cutMatrix(problem, largeSingularValues(whitened, rows, columns));
  },
});

/** V, upper, of M + εI = Vᵀ V, for the first ε for which there is one. */
async function damped(moment: Float64Array, n: number): Promise<Float64Array> {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += moment[i * n + i]!;
  for (let share = DAMPING; ; share *= 10) {
    const shifted = moment.slice();
    for (let i = 0; i < n; i++) shifted[i * n + i]! += share * (trace > 0 ? trace / n : 1);
    try {
      return await choleskyAsync(shifted, n);
    } catch (error) {
      const isSmall = isGossamerError(error) && error.code === 'ERR_NOT_POSITIVE_DEFINITE' && share < MOST_DAMPING;
      if (!isSmall) throw error;
    }
  }
}
