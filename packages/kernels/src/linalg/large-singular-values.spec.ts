import { largeSingularValues } from './large-singular-values.js';
import { multiplyMatrices, transposeMatrix } from './multiply-matrices.js';
import { singularValues } from './singular-values.js';
import { randomFloats } from './testing/random-matrix.js';

const floats = (length: number, seed: number) => Float64Array.from(randomFloats(length, seed));

/** Largest |rows rowsᵀ - I| over the rows whose value is not 0. */
function skew(rows: Float64Array, values: Float64Array): number {
  if (values.length === 0) return 0;
  const kept = values.findIndex((value) => value === 0);
  const rank = kept < 0 ? values.length : kept;
  const length = rows.length / values.length;
  const some = rows.subarray(0, rank * length);
  const gram = multiplyMatrices(some, transposeMatrix(some, rank, length), rank, length, rank);
  return gram.reduce((worst, x, at) => Math.max(worst, Math.abs(x - Number(at % (rank + 1) === 0))), 0);
}

/** Largest |A - U diag(values) Vᵀ|. */
function residual(matrix: Float64Array, rows: number, columns: number): number {
  const { values, u, v } = largeSingularValues(matrix, rows, columns);
  const scaled = v.map((x, at) => x * values[Math.floor(at / columns)]!);
  const back = multiplyMatrices(transposeMatrix(u, values.length, rows), scaled, rows, values.length, columns);
  return back.reduce((worst, x, at) => Math.max(worst, Math.abs(x - matrix[at]!)), 0);
}

/** Columns fall by 10^-8 to 10^-12 of the first: what the Gram matrix alone loses. */
const graded = (rows: number, columns: number) =>
  floats(rows * columns, 5).map((x, at) => x * 10 ** ((-12 * (at % columns)) / columns));
const lowRank = (rows: number, columns: number) =>
  multiplyMatrices(floats(rows * 7, 1), floats(7 * columns, 2), rows, 7, columns);

test.each<[string, Float64Array, number, number]>([
  ['tall', floats(200 * 90, 1), 200, 90],
  ['wide', floats(61 * 300, 2), 61, 300],
  ['square', floats(97 * 97, 3), 97, 97],
  ['graded', graded(120, 50), 120, 50],
  ['of rank 7', lowRank(80, 60), 80, 60],
  ['equal values', Float64Array.from({ length: 50 * 40 }, (_, at) => Number(at % 41 === 0)), 50, 40],
  ['zeros', new Float64Array(12), 4, 3],
  ['a row', floats(9, 4), 1, 9],
  ['none', new Float64Array(0), 0, 5],
])('%s: multiplies back, vectors orthogonal, values as the plain Jacobi has them', (_, matrix, rows, columns) => {
  const { values, u, v } = largeSingularValues(matrix, rows, columns);
  expect(residual(matrix, rows, columns)).toBeLessThan(1e-10);
  expect(skew(u, values)).toBeLessThan(1e-10);
  expect(skew(v, values)).toBeLessThan(1e-10);
  const expected = singularValues(matrix, rows, columns).values;
  // Both are off by a small multiple of max(rows, columns) roundings of the largest.
  const bound = 8 * Math.max(rows, columns) * 2 ** -52 * (expected[0] ?? 0);
  values.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(bound));
});

test('rank 7 is seen', () => {
  const { values } = largeSingularValues(lowRank(80, 60), 80, 60);
  expect(values.filter((value) => value > 0)).toHaveLength(7);
});

test('what is no number, and wrong lengths', () => {
  const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;
  expect(() => largeSingularValues(Float64Array.of(1, NaN, 2, 3), 2, 2)).toThrow(code('ERR_NOT_FINITE'));
  expect(() => largeSingularValues(new Float64Array(5), 2, 2)).toThrow(code('ERR_WRONG_LENGTH'));
});

test.each([
  [0, 3, 2],
  [3, 0, 2],
  [1, 1, 1],
  [4, 4, 4],
  [5, 7, 3],
  [9, 6, 13],
])('products of [%i, %i] and [.., %i] are the sums they stand for, bit by bit', (m, k, n) => {
  const [a, b] = [floats(m * k, 8), floats(k * n, 9)];
  const expected = Float64Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += a[Math.floor(at / n) * k + p]! * b[p * n + (at % n)]!;
    return sum;
  });
  expect(multiplyMatrices(a, b, m, k, n)).toEqual(expected);
});
