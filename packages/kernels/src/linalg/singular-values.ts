import { requireArray, requireInteger, requireLength } from '../require-array.js';

/** A = U diag(values) Vᵀ, the largest value first. */
export interface SingularValues {
  /** [rank], rank = min(rows, columns). */
  readonly values: Float64Array;
  /** [rank, rows]: row i is the left unit vector of values[i]; zeros where the value is 0. */
  readonly u: Float64Array;
  /** [rank, columns], the right ones. */
  readonly v: Float64Array;
}

/** Cosine of two columns below which they are orthogonal to rounding. */
const ORTHOGONAL = 2 ** -50;
const SWEEPS = 60;

/**
 * All min(rows, columns) singular values and vectors of a row-major matrix, in float64: small values are exact relative to themselves where columns
 * differ only in scale. On the calling thread; about 10 sweeps of 3 rows x columns x min(rows, columns) multiply-adds.
 *
 * Source: one-sided Jacobi, Hestenes 1958; Golub and Van Loan, "Matrix Computations", 4th ed., section 8.6.3.
 */
export function singularValues(matrix: Float64Array | Float32Array, rows: number, columns: number): SingularValues {
  requireArray('matrix', matrix, 'Float64Array', 'Float32Array');
  requireInteger('rows', rows, 0);
  requireInteger('columns', columns, 0);
  requireLength('matrix', matrix, rows * columns);
  const isWide = columns > rows;
  const [length, count] = isWide ? [columns, rows] : [rows, columns];
  // Columns of the taller of A and Aᵀ, each contiguous.
  const a = Array.from({ length: count }, (_, c) =>
    Float64Array.from({ length }, (__, r) => matrix[isWide ? c * columns + r : r * columns + c]!),
  );
  const turns = Array.from({ length: count }, (_, c) =>
    Float64Array.from({ length: count }, (__, r) => Number(r === c)),
  );
  for (let sweep = 0; sweep < SWEEPS && turnAll(a, turns); sweep++);
  const norms = a.map((column) => Math.sqrt(dot(column, column)));
  const order = Array.from(norms.keys()).sort((i, j) => norms[j]! - norms[i]! || i - j);
  const [left, right] = [new Float64Array(count * length), new Float64Array(count * count)];
  order.forEach((from, to) => {
    const norm = norms[from]!;
    if (norm > 0)
      left.set(
        a[from]!.map((x) => x / norm),
        to * length,
      );
    right.set(turns[from]!, to * count);
  });
  const values = Float64Array.from(order, (i) => norms[i]!);
  return isWide ? { values, u: right, v: left } : { values, u: left, v: right };
}

/** Turns every pair of columns so that they are orthogonal; false where all were. */
function turnAll(a: readonly Float64Array[], turns: readonly Float64Array[]): boolean {
  let turned = false;
  for (let p = 0; p < a.length - 1; p++) {
    for (let q = p + 1; q < a.length; q++) {
      const [x, y] = [a[p]!, a[q]!];
      const [both, xx, yy] = [dot(x, y), dot(x, x), dot(y, y)];
      if (!(Math.abs(both) > ORTHOGONAL * Math.sqrt(xx) * Math.sqrt(yy))) continue;
      turned = true;
      const zeta = (yy - xx) / (2 * both);
      const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
      const cosine = 1 / Math.hypot(1, tangent);
      turn(x, y, cosine, cosine * tangent);
      turn(turns[p]!, turns[q]!, cosine, cosine * tangent);
    }
  }
  return turned;
}

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

function turn(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) {
    const [p, q] = [x[i]!, y[i]!];
    x[i] = cosine * p - sine * q;
    y[i] = sine * p + cosine * q;
  }
}
