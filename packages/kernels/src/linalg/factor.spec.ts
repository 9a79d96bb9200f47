import {
  choleskyAsync,
  columnsByEnergy,
  inverse,
  inverseAsync,
  permuteSymmetric,
  reverseCholeskyAsync,
} from './factor.js';
import { correlatedMoment } from './testing/random-matrix.js';

const n = 130;
const moment = correlatedMoment(n, 400, 1);

/** Largest |aᵀ b - expected|. */
function residual(a: Float64Array, b: Float64Array, expected: (i: number, j: number) => number): number {
  let worst = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < n; p++) sum += a[p * n + i]! * b[p * n + j]!;
      worst = Math.max(worst, Math.abs(sum - expected(i, j)));
    }
  }
  return worst;
}

test('factors multiply back to what they are of', async () => {
  const v = await choleskyAsync(moment, n);
  expect(residual(v, v, (i, j) => moment[i * n + j]!)).toBeLessThan(1e-12);
  const inverted = await inverseAsync(moment, n);
  expect(residual(moment, inverted, (i, j) => Number(i === j))).toBeLessThan(1e-11);
  expect(inverse(moment, n)).toEqual(inverted);
  const { r, lambda, raises } = await reverseCholeskyAsync(moment, n, { damping: 0 });
  expect([lambda, raises]).toEqual([0, 0]);
  const turned = Float64Array.from({ length: n * n }, (_, i) => r[(i % n) * n + Math.floor(i / n)]!);
  expect(residual(turned, turned, (i, j) => moment[i * n + j]!)).toBeLessThan(1e-12);
  expect(r.every((value, i) => i % n >= Math.floor(i / n) || value === 0)).toBe(true);
});

test('damping is a share of the mean of what is not 0, and grows until there is a factor', async () => {
  const matrix = Float64Array.of(4, 0, 0, 0, 0, 0, 0, 0, 2);
  const { r, lambda } = await reverseCholeskyAsync(matrix, 3);
  expect(lambda).toBe(0.03);
  expect(r[4]).toBeCloseTo(Math.sqrt(1.03), 15);
  // Two equal columns, and rounding that makes them worse than that.
  const singular = Float64Array.of(1, 1 + 1e-7, 1 + 1e-7, 1);
  const raised = await reverseCholeskyAsync(singular, 2, { damping: 0 });
  expect(raised.lambda).toBeCloseTo(1e-6, 15);
  expect(raised.raises).toBe(3);
});

test('what cannot be factored, and wrong arguments', async () => {
  const refuse = async (promise: Promise<unknown>, code: string): Promise<void> =>
    expect(promise).rejects.toThrow(expect.objectContaining({ code }) as Error);
  const bad = Float64Array.of(1, 2, 2, 1);
  await refuse(choleskyAsync(bad, 2), 'ERR_NOT_POSITIVE_DEFINITE');
  await refuse(inverseAsync(bad, 2), 'ERR_NOT_POSITIVE_DEFINITE');
  expect(() => inverse(bad, 2)).toThrow(expect.objectContaining({ code: 'ERR_NOT_POSITIVE_DEFINITE' }) as Error);
  await refuse(reverseCholeskyAsync(Float64Array.of(NaN), 1), 'ERR_NOT_POSITIVE_DEFINITE');
  await refuse(reverseCholeskyAsync(bad, 2, { damping: -1 }), 'ERR_BAD_OPTION');
  await refuse(choleskyAsync(bad, 3), 'ERR_WRONG_LENGTH');
  const reason = new Error('enough');
  await expect(choleskyAsync(moment, n, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test('columns by energy, and a matrix in their order', () => {
  const matrix = Float64Array.of(1, 2, 3, 2, 9, 5, 3, 5, 9);
  const order = columnsByEnergy(matrix, 3);
  expect(Array.from(order)).toEqual([1, 2, 0]);
  expect(Array.from(permuteSymmetric(matrix, order))).toEqual([9, 5, 2, 5, 9, 3, 2, 3, 1]);
});
