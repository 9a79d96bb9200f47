import { multiplyMatrices } from '@gossamer/kernels';

/** The sum of the products of equal places. */
export function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** trace(A M Aᵀ) of A [rows, columns]: the mean of |A x|² where M is that of x xᵀ. */
export function power(a: Float64Array, moment: Float64Array, rows: number, columns: number): number {
  return Math.max(0, inner(multiplyMatrices(a, moment, rows, columns, columns), a));
}

/** Why an output of that power is nothing to aim at; undefined where it is. */
export function refusePower(power: number): string | undefined {
  if (!Number.isFinite(power)) return 'its inputs are not finite';
  return power === 0 ? 'its inputs give no output but the bias' : undefined;
}
