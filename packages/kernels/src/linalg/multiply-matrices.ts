import { requireArray, requireInteger, requireLength } from '../require-array.js';

/** Rows, and steps of the sum, that one pass over the columns takes. */
const TILE = 4;

/**
 * The product [m, n] of row-major a [m, k] and b [k, n] in float64, each sum in the order of k; on the calling thread. About a second for
 * 2 * 10^9 multiply-adds.
 */
export function multiplyMatrices(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  for (const [name, size] of Object.entries({ m, k, n })) requireInteger(name, size, 0);
  requireArray('a', a, 'Float64Array');
  requireLength('a', a, m * k);
  requireArray('b', b, 'Float64Array');
  requireLength('b', b, k * n);
  const out = new Float64Array(m * n);
  const [evenM, evenK] = [m - (m % TILE), k - (k % TILE)];
  for (let i = 0; i < evenM; i += TILE) {
    for (let p = 0; p < evenK; p += TILE) addTile(a, b, out, i, p, k, n);
    for (let r = i; r < i + TILE; r++) addRows(a, b, out, r, evenK, k, n);
  }
  for (let r = evenM; r < m; r++) addRows(a, b, out, r, 0, k, n);
  return out;
}

/** out[i .. i + 3] += a[i .. i + 3, p .. p + 3] b[p .. p + 3]. */
function addTile(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  i: number,
  p: number,
  k: number,
  n: number,
): void {
  const [r0, r1, r2, r3] = [i * k + p, (i + 1) * k + p, (i + 2) * k + p, (i + 3) * k + p];
  const [a00, a01, a02, a03] = [a[r0]!, a[r0 + 1]!, a[r0 + 2]!, a[r0 + 3]!];
  const [a10, a11, a12, a13] = [a[r1]!, a[r1 + 1]!, a[r1 + 2]!, a[r1 + 3]!];
  const [a20, a21, a22, a23] = [a[r2]!, a[r2 + 1]!, a[r2 + 2]!, a[r2 + 3]!];
  const [a30, a31, a32, a33] = [a[r3]!, a[r3 + 1]!, a[r3 + 2]!, a[r3 + 3]!];
  const [b0, b1, b2, b3] = [p * n, (p + 1) * n, (p + 2) * n, (p + 3) * n];
  const [c0, c1, c2, c3] = [i * n, (i + 1) * n, (i + 2) * n, (i + 3) * n];
  for (let j = 0; j < n; j++) {
    const x0 = b[b0 + j]!;
    const x1 = b[b1 + j]!;
    const x2 = b[b2 + j]!;
    const x3 = b[b3 + j]!;
    out[c0 + j] = out[c0 + j]! + a00 * x0 + a01 * x1 + a02 * x2 + a03 * x3;
    out[c1 + j] = out[c1 + j]! + a10 * x0 + a11 * x1 + a12 * x2 + a13 * x3;
    out[c2 + j] = out[c2 + j]! + a20 * x0 + a21 * x1 + a22 * x2 + a23 * x3;
    out[c3 + j] = out[c3 + j]! + a30 * x0 + a31 * x1 + a32 * x2 + a33 * x3;
  }
}

/** out[i] += a[i, from ..] b[from ..]. */
function addRows(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  i: number,
  from: number,
  k: number,
  n: number,
): void {
  for (let p = from; p < k; p++) {
    const factor = a[i * k + p]!;
    for (let j = 0; j < n; j++) out[i * n + j]! += factor * b[p * n + j]!;
  }
}

/** A row-major [rows, columns] matrix as [columns, rows]. */
export function transposeMatrix(matrix: Float64Array, rows: number, columns: number): Float64Array {
  requireLength('matrix', matrix, rows * columns);
  const out = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j]!;
  return out;
}
