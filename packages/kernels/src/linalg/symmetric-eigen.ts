import { GossamerError } from '@gossamer/graph';
import { requireArray, requireInteger, requireLength } from '../require-array.js';

/** A = V diag(values) Vᵀ. */
export interface SymmetricEigen {
  /** [n], the largest first. */
  readonly values: Float64Array;
  /** [n, n]: row i is the unit vector of values[i]. */
  readonly vectors: Float64Array;
}

/** An off-diagonal element this far below its neighbours is 0 to rounding. */
const NEGLIGIBLE = 2 ** -52;
/** Steps of QL for one value; three are usual. */
const STEPS = 60;

/**
 * All eigenvalues and vectors of a symmetric [n, n] matrix, row-major (its lower triangle is read), in float64: reduced to three diagonals by
 * Householder reflections, then QL with implicit shifts. About 3 n^3 multiply-adds on the calling thread; a second or so for n = 500.
 *
 * Source: Golub and Van Loan, "Matrix Computations", 4th ed., sections 8.3.1 and 8.3.5; the shift of EISPACK's tql2 (Bowdler et al. 1968).
 */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  requireInteger('n', n, 0);
  requireArray('matrix', matrix, 'Float64Array');
  requireLength('matrix', matrix, n * n);
  if (!matrix.every(Number.isFinite)) {
    throw new GossamerError('ERR_NOT_FINITE', 'matrix: expected finite elements, received NaN or infinities');
  }
  const rows = Array.from({ length: n }, (_, i) => matrix.slice(i * n, (i + 1) * n));
  const { diagonal, below, vectors } = toTridiagonal(rows);
  diagonalize(diagonal, below, vectors);
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[j]! - diagonal[i]! || i - j);
  const out = new Float64Array(n * n);
  order.forEach((from, to) => out.set(vectors[from]!, to * n));
  return { values: Float64Array.from(order, (i) => diagonal[i]!), vectors: out };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** below[i] joins i and i + 1; the last is 0. */
  readonly below: Float64Array;
  /** Row i is the i-th unit vector of the new basis. */
  readonly vectors: readonly Float64Array[];
}

function dot(x: Float64Array, y: Float64Array, first: number): number {
  let sum = 0;
  for (let i = first; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

/** y += factor * x from `first` on. */
function addScaled(y: Float64Array, factor: number, x: Float64Array, first: number): void {
  for (let i = first; i < y.length; i++) y[i]! += factor * x[i]!;
}

/** Reflections clear each column below the one under the diagonal. Uses up `a`. */
function toTridiagonal(a: readonly Float64Array[]): Tridiagonal {
  const n = a.length;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i]![j] = a[j]![i]!;
  const below = new Float64Array(n);
  const vectors = Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (__, j) => Number(i === j)));
  for (let k = 0; k + 1 < n; k++) {
    const first = k + 1;
    const v = Float64Array.from(a[k]!);
    const norm = Math.hypot(...v.subarray(first));
    // What is cleared is 0 already.
    if (norm === Math.abs(v[first]!)) {
      below[k] = v[first]!;
      continue;
    }
    below[k] = v[first]! > 0 ? -norm : norm;
    v[first]! -= below[k]!;
    const factor = 2 / dot(v, v, first);
    // A - v wᵀ - w vᵀ with w = p - (factor / 2) (pᵀ v) v, p = factor A v.
    const w = Float64Array.from({ length: n }, (_, i) => (i < first ? 0 : factor * dot(a[i]!, v, first)));
    addScaled(w, (-factor / 2) * dot(w, v, first), v, first);
    for (let i = first; i < n; i++) {
      addScaled(a[i]!, -v[i]!, w, first);
      addScaled(a[i]!, -w[i]!, v, first);
    }
    // Rows of the basis: Qᵀ becomes (I - factor v vᵀ) Qᵀ.
    const sums = new Float64Array(n);
    for (let i = first; i < n; i++) addScaled(sums, v[i]!, vectors[i]!, 0);
    for (let i = first; i < n; i++) addScaled(vectors[i]!, -factor * v[i]!, sums, 0);
  }
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i]![i]!), below, vectors };
}

/** QL with implicit shifts; `diagonal` becomes the values, row i of `vectors` the vector of the i-th. */
function diagonalize(diagonal: Float64Array, below: Float64Array, vectors: readonly Float64Array[]): void {
  const n = diagonal.length;
  for (let first = 0; first < n; first++) {
    for (let step = 0; ; step++) {
      let last = first;
      while (
        last + 1 < n &&
        Math.abs(below[last]!) > NEGLIGIBLE * (Math.abs(diagonal[last]!) + Math.abs(diagonal[last + 1]!))
      ) {
        last++;
      }
      if (last === first) break;
      if (step === STEPS) {
        throw new Error('QL does not converge');
      }
      sweep(diagonal, below, vectors, first, last);
    }
  }
}

/** One step of QL on rows first .. last: rotations from the bottom up, which chase the shift out at the top. */
function sweep(
  diagonal: Float64Array,
  below: Float64Array,
  vectors: readonly Float64Array[],
  first: number,
  last: number,
): void {
  const half = (diagonal[first + 1]! - diagonal[first]!) / (2 * below[first]!);
  const root = Math.hypot(half, 1);
  let g = diagonal[last]! - diagonal[first]! + below[first]! / (half + (half < 0 ? -root : root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = last - 1; i >= first; i--) {
    const f = sine * below[i]!;
    const b = cosine * below[i]!;
    const length = Math.hypot(f, g);
    below[i + 1] = length;
    if (length === 0) {
      // The matrix falls into two here.
      diagonal[i + 1]! -= shift;
      below[last] = 0;
      return;
    }
    [sine, cosine] = [f / length, g / length];
    g = diagonal[i + 1]! - shift;
    const r = (diagonal[i]! - g) * sine + 2 * cosine * b;
    shift = sine * r;
    diagonal[i + 1] = g + shift;
    g = cosine * r - b;
    rotate(vectors[i]!, vectors[i + 1]!, cosine, sine);
  }
  diagonal[first]! -= shift;
  below[first] = g;
  below[last] = 0;
}

function rotate(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) {
    const [p, q] = [x[i]!, y[i]!];
    y[i] = sine * p + cosine * q;
    x[i] = cosine * p - sine * q;
  }
}
