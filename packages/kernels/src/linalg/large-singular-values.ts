import { requireArray, requireInteger, requireLength } from '../require-array.js';
import { multiplyMatrices, transposeMatrix } from './multiply-matrices.js';
import type { SingularValues } from './singular-values.js';
import { symmetricEigen } from './symmetric-eigen.js';

/** Sweeps of Jacobi behind the Gram matrix; two are usual. */
const SWEEPS = 30;

/**
 * All min(rows, columns) singular values and vectors of a row-major matrix of finite numbers, as `singularValues` for hundreds to thousands of columns: the eigenvectors of
 * the Gram matrix first, which leave columns orthogonal to rounding of the largest, then one-sided Jacobi, which makes them so to rounding of
 * themselves. Values below max(rows, columns) * 2^-52 of the largest are 0, their vectors u (of a wide matrix v) zeros. On the calling thread;
 * about 6 n^3 + 4 n^2 m multiply-adds, n the smaller side.
 *
 * Source: Drmač and Veselić, "New fast and accurate Jacobi SVD algorithm" (2008), for the preconditioner.
 */
export function largeSingularValues(matrix: Float64Array, rows: number, columns: number): SingularValues {
  requireArray('matrix', matrix, 'Float64Array');
  requireInteger('rows', rows, 0);
  requireInteger('columns', columns, 0);
  requireLength('matrix', matrix, rows * columns);
  const isWide = columns > rows;
  const [length, count] = isWide ? [columns, rows] : [rows, columns];
  // Row c is column c of the taller of A and Aᵀ.
  const across = isWide ? matrix : transposeMatrix(matrix, rows, columns);
  const along = isWide ? transposeMatrix(matrix, rows, columns) : matrix;
  const { vectors } = symmetricEigen(multiplyMatrices(across, along, count, length, count), count);
  const turned = multiplyMatrices(vectors, across, count, count, length);
  const a = Array.from({ length: count }, (_, c) => turned.subarray(c * length, (c + 1) * length));
  const turns = Array.from({ length: count }, (_, c) => vectors.subarray(c * count, (c + 1) * count));
  dropRounding(a, length);
  for (let sweep = 0; sweep < SWEEPS && turnAll(a, turns, length * 2 ** -53); sweep++);
  return sorted(a, turns, isWide);
}

/** Columns that hold nothing but the rounding of the largest become zeros. */
function dropRounding(a: readonly Float64Array[], length: number): void {
  const norms = a.map((column) => Math.sqrt(dot(column, column)));
  const least = length * 2 ** -52 * norms.reduce((x, y) => Math.max(x, y), 0);
  a.forEach((column, c) => {
    if (norms[c]! <= least) column.fill(0);
  });
}

/** Turns every pair of columns whose cosine is above `orthogonal`; false where none was. */
function turnAll(a: readonly Float64Array[], turns: readonly Float64Array[], orthogonal: number): boolean {
  let turned = false;
  const squares = Float64Array.from(a, (column) => dot(column, column));
  for (let p = 0; p < a.length - 1; p++) {
    for (let q = p + 1; q < a.length; q++) {
      const [x, y] = [a[p]!, a[q]!];
      const both = dot(x, y);
      if (!(Math.abs(both) > orthogonal * Math.sqrt(squares[p]!) * Math.sqrt(squares[q]!))) continue;
      turned = true;
      const zeta = (squares[q]! - squares[p]!) / (2 * both);
      const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
      const cosine = 1 / Math.hypot(1, tangent);
      turn(x, y, cosine, cosine * tangent);
      turn(turns[p]!, turns[q]!, cosine, cosine * tangent);
      squares[p] = dot(x, x);
      squares[q] = dot(y, y);
    }
  }
  return turned;
}

function sorted(a: readonly Float64Array[], turns: readonly Float64Array[], isWide: boolean): SingularValues {
  const count = a.length;
  const length = a[0]?.length ?? 0;
  const norms = a.map((column) => Math.sqrt(dot(column, column)));
  const order = Array.from(norms.keys()).sort((i, j) => norms[j]! - norms[i]! || i - j);
  const [left, right] = [new Float64Array(count * length), new Float64Array(count * count)];
  order.forEach((from, to) => {
    const norm = norms[from]!;
    if (norm > 0) for (let i = 0; i < length; i++) left[to * length + i] = a[from]![i]! / norm;
    right.set(turns[from]!, to * count);
  });
  const values = Float64Array.from(order, (i) => norms[i]!);
  return isWide ? { values, u: right, v: left } : { values, u: left, v: right };
}

/** Four sums: an addition need not wait for the last. */
function dot(x: Float64Array, y: Float64Array): number {
  const { length } = x;
  const even = length - (length % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < even; i += 4) {
    s0 += x[i]! * y[i]!;
    s1 += x[i + 1]! * y[i + 1]!;
    s2 += x[i + 2]! * y[i + 2]!;
    s3 += x[i + 3]! * y[i + 3]!;
  }
  for (let i = even; i < length; i++) s0 += x[i]! * y[i]!;
  return s0 + s1 + (s2 + s3);
}

function turn(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) {
    const [p, q] = [x[i]!, y[i]!];
    x[i] = cosine * p - sine * q;
    y[i] = sine * p + cosine * q;
  }
}
