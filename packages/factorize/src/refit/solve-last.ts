import { isGossamerError } from '@gossamer/graph';
import { inverseAsync, multiplyMatrices, transposeMatrix } from '@gossamer/kernels';

/** Added to the diagonal first, as a share of its mean, and where there is nothing to solve any more. */
const DAMPING = 1e-8;
const MOST_DAMPING = 1e-2;

/**
 * The matrix L [rows, inner] for which the mean of |target - L z|² is least: `cross` is the mean of target zᵀ [rows, inner], `second` of z zᵀ. Damped where z has
 * directions that were not seen; undefined where that is not enough.
 */
export async function solveLast(
  cross: Float64Array,
  second: Float64Array,
  rows: number,
  inner: number,
): Promise<Float64Array | undefined> {
  let trace = 0;
  for (let i = 0; i < inner; i++) trace += second[i * inner + i]!;
  if (!(trace > 0 && Number.isFinite(trace))) return undefined;
  for (let share = DAMPING; share <= MOST_DAMPING; share *= 10) {
    const damped = second.slice();
    for (let i = 0; i < inner; i++) damped[i * inner + i]! += (share * trace) / inner;
    try {
      return multiplyMatrices(cross, await inverseAsync(damped, inner), rows, inner, inner);
    } catch (error) {
      if (!(isGossamerError(error) && error.code === 'ERR_NOT_POSITIVE_DEFINITE')) throw error;
    }
  }
  return undefined;
}

/** T M Tᵀ of T [inner, columns]. */
export function momentBehind(prefix: Float64Array, moment: Float64Array, inner: number, columns: number): Float64Array {
  const half = multiplyMatrices(prefix, moment, inner, columns, columns);
  return multiplyMatrices(half, transposeMatrix(prefix, inner, columns), inner, columns, inner);
}
