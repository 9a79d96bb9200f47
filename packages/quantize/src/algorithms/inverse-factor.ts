import { type InverseFactor, inverseCholeskyAsync } from '@gossamer/kernels';

/** Share of the mean of M's diagonal that is added to it: directions that the data hardly show keep the weights they have. */
export const DAMPING = 0.01;

const known = new WeakMap<Float64Array, Promise<InverseFactor>>();

/** U of the inverse Uᵀ U of the damped second moment [columns, columns]; once for the layers that read the same inputs. */
export async function inverseFactor(
  second: Float64Array,
  columns: number,
  signal: AbortSignal | undefined,
): Promise<InverseFactor> {
  const factor =
    known.get(second) ?? inverseCholeskyAsync(second, columns, { damping: DAMPING, ...(signal ? { signal } : {}) });
  known.set(second, factor);
  return factor;
}
