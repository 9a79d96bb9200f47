/** A = U diag(values) V^T, the largest value first. Columns of U and V are stored one after the other. */
export interface SingularValues {
  readonly values: Float64Array;
  /** [rank, rows] */
  readonly u: Float64Array;
  /** [rank, columns] */
  readonly v: Float64Array;
}

/** Cosine of two columns below which they count as orthogonal: float32's rounding, which the results are for; values are off by its square. */
const ORTHOGONAL = 2 ** -24;
const SWEEPS = 40;

/**
 * All min(rows, columns) singular values and vectors of a row-major matrix. Time grows with rows x columns x min(rows, columns): some seconds for
 * 500 x 800.
 *
 * Source: one-sided Jacobi, Hestenes 1958; Golub and Van Loan, "Matrix Computations", 4th ed., section 8.6.3.
 */
export function singularValues(matrix: Float32Array, rows: number, columns: number): SingularValues {
  const isWide = columns > rows;
  const [length, count] = isWide ? [columns, rows] : [rows, columns];
  // Columns of the taller of A and A^T, each contiguous.
  const a = Array.from({ length: count }, (_, c) =>
    Float64Array.from({ length }, (_, r) => matrix[isWide ? c * columns + r : r * columns + c]!),
  );
  const turns = Array.from({ length: count }, (_, c) =>
    Float64Array.from({ length: count }, (_, r) => (r === c ? 1 : 0)),
  );
  for (let sweep = 0; sweep < SWEEPS && turnAll(a, turns); sweep++);
  const norms = a.map((column) => Math.sqrt(dot(column, column)));
  const order = norms.map((_, i) => i).sort((i, j) => norms[j]! - norms[i]!);
  const left = new Float64Array(count * length);
  const right = new Float64Array(count * count);
  order.forEach((from, to) => {
    const norm = norms[from]!;
    left.set(norm > 0 ? a[from]!.map((x) => x / norm) : a[from]!, to * length);
    right.set(turns[from]!, to * count);
  });
  const values = Float64Array.from(order, (i) => norms[i]!);
  return isWide ? { values, u: right, v: left } : { values, u: left, v: right };
}

/** Turns every pair of columns so that they are orthogonal; false where all were. */
function turnAll(a: readonly Float64Array[], turns: readonly Float64Array[]): boolean {
  let turned = false;
  const squares = Float64Array.from(a, (column) => dot(column, column));
  for (let p = 0; p < a.length - 1; p++) {
    for (let q = p + 1; q < a.length; q++) {
      const [x, y] = [a[p]!, a[q]!];
      const both = dot(x, y);
      const [xx, yy] = [squares[p]!, squares[q]!];
      if (Math.abs(both) <= ORTHOGONAL * Math.sqrt(xx * yy)) continue;
      turned = true;
      const zeta = (yy - xx) / (2 * both);
      const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
      const cosine = 1 / Math.sqrt(1 + tangent * tangent);
      turn(x, y, cosine, cosine * tangent);
      turn(turns[p]!, turns[q]!, cosine, cosine * tangent);
      squares[p] = Math.max(0, xx - tangent * both);
      squares[q] = yy + tangent * both;
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
