import { singularValues } from './singular-values.js';
import { symmetricEigen } from './symmetric-eigen.js';
import { correlatedMoment, randomFloats } from './testing/random-matrix.js';

/** Largest |element(i, j) - sum over p of rows[p, i] weight[p] others[p, j]|. */
function residual(
  [rows, others]: readonly [Float64Array, Float64Array],
  weight: ArrayLike<number>,
  element: (i: number, j: number) => number,
): number {
  const rank = weight.length;
  const [m, n] = [rows.length / rank, others.length / rank];
  let worst = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < rank; p++) sum += rows[p * m + i]! * weight[p]! * others[p * n + j]!;
      worst = Math.max(worst, Math.abs(sum - element(i, j)));
    }
  }
  return worst;
}

/** Largest |v vᵀ - I| of `rank` rows. */
function skew(v: Float64Array, rank: number): number {
  const n = v.length / rank;
  let worst = 0;
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) {
      let sum = 0;
      for (let c = 0; c < n; c++) sum += v[i * n + c]! * v[j * n + c]!;
      worst = Math.max(worst, Math.abs(sum - Number(i === j)));
    }
  }
  return worst;
}

describe('symmetricEigen', () => {
  const n = 60;
  const tied = new Float64Array(n * n).map((_, at) => (at % (n + 1) === 0 ? 2 : 1));
  const signed = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return Math.sin(Math.min(i, j) * 31 + Math.max(i, j)) * 3;
  });
  test.each([
    ['a second moment', correlatedMoment(n, 200, 1)],
    ['one of rank 20', correlatedMoment(n, 20, 2)],
    ['equal values', tied],
    ['both signs', signed],
    ['zeros', new Float64Array(n * n)],
  ])('%s: multiplies back, vectors orthogonal, values in order', (_, matrix) => {
    const { values, vectors } = symmetricEigen(matrix, n);
    expect(residual([vectors, vectors], values, (i, j) => matrix[i * n + j]!)).toBeLessThan(1e-12);
    expect(skew(vectors, n)).toBeLessThan(1e-12);
    expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => b - a));
  });

  test('sizes 0 and 1, and what is no number', () => {
    expect(symmetricEigen(new Float64Array(0), 0).values).toHaveLength(0);
    expect(symmetricEigen(Float64Array.of(-3), 1)).toEqual({
      values: Float64Array.of(-3),
      vectors: Float64Array.of(1),
    });
    const bad = Float64Array.of(1, NaN, NaN, 1);
    expect(() => symmetricEigen(bad, 2)).toThrow(expect.objectContaining({ code: 'ERR_NOT_FINITE' }) as Error);
  });
});

describe('singularValues', () => {
  test.each([
    [40, 25],
    [25, 40],
    [1, 7],
    [30, 30],
  ])('%d x %d: multiplies back, vectors orthogonal, squares are eigenvalues', (rows, columns) => {
    const matrix = Float64Array.from(randomFloats(rows * columns, rows));
    const { values, u, v } = singularValues(matrix, rows, columns);
    const rank = Math.min(rows, columns);
    expect(residual([u, v], values, (i, j) => matrix[i * columns + j]!)).toBeLessThan(1e-12);
    expect(Math.max(skew(u, rank), skew(v, rank))).toBeLessThan(1e-12);
    const square = Float64Array.from({ length: columns * columns }, (_, at) => {
      let sum = 0;
      for (let r = 0; r < rows; r++)
        sum += matrix[r * columns + Math.floor(at / columns)]! * matrix[r * columns + (at % columns)]!;
      return sum;
    });
    const squares = symmetricEigen(square, columns).values;
    values.forEach((value, i) => expect(Math.abs(value ** 2 - squares[i]!)).toBeLessThan(1e-11));
  });

  test('columns that depend on each other have values of 0', () => {
    const { values } = singularValues(Float64Array.of(1, 2, 2, 4, 3, 6), 3, 2);
    expect(values[0]).toBeCloseTo(Math.sqrt(70), 13);
    expect(values[1]).toBeLessThan(1e-14);
  });
});
