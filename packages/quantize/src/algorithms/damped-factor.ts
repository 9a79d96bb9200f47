import { type DampedFactor, reverseCholeskyAsync } from '@gossamer/kernels';

/** Share of the mean of M's diagonal that is added to it: directions that the data hardly show keep the weights they have. */
export const DAMPING = 0.01;

const known = new WeakMap<Float64Array, Promise<DampedFactor>>();

/** R of the damped second moment R Rᵀ [columns, columns]; once for the layers that read the same inputs. */
export async function dampedFactor(
  second: Float64Array,
  columns: number,
  signal: AbortSignal | undefined,
): Promise<DampedFactor> {
  const factor =
    known.get(second) ?? reverseCholeskyAsync(second, columns, { damping: DAMPING, ...(signal ? { signal } : {}) });
  known.set(second, factor);
  return factor;
}
