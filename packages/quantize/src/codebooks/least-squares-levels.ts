import { blocksOf, codesOf, type LevelGrid } from '../grid/weight-grid.js';
import type { MatrixCodes } from '../grid/quantized-matrix.js';

/**
 * The levels for which the weights that `codes` stand for have the least trace((V - T) M (V - T)ᵀ), V the values and T `target` [rows, columns], M `second` [columns, columns]: the normal equations of each
 * table, sum over rows of A M Aᵀ l = sum of A M t, A [levels, columns] having the scale of each column at its code. Returns them as `grid.levels`, not sorted. A level of 0 stays 0, one without weights where
 * it is. O(rows columns (columns + levels²)).
 */
export function leastSquaresLevels(
  grid: LevelGrid,
  codes: MatrixCodes,
  target: Float32Array,
  second: Float64Array,
): Float32Array {
  const { rows, columns, blockSize, scales, levels, tables } = grid;
  const [count, blocks, share] = [codesOf(grid), blocksOf(grid), rows / tables];
  const found = levels.slice();
  const [normal, right, products] = [
    new Float64Array(count * count),
    new Float64Array(count),
    new Float64Array(count * columns),
  ];
  for (let table = 0; table < tables; table++) {
    normal.fill(0);
    right.fill(0);
    for (let row = table * share; row < (table + 1) * share; row++) {
      const at = row * columns;
      // A M.
      products.fill(0);
      for (let j = 0; j < columns; j++) {
        const scale = scales[row * blocks + (j - (j % blockSize)) / blockSize]!;
        const to = codes[at + j]! * columns;
        for (let i = 0; i < columns; i++) products[to + i]! += scale * second[j * columns + i]!;
      }
      for (let j = 0; j < columns; j++) {
        const scale = scales[row * blocks + (j - (j % blockSize)) / blockSize]!;
        const to = codes[at + j]! * count;
        for (let k = 0; k < count; k++) {
          normal[to + k]! += scale * products[k * columns + j]!;
          right[k]! += products[k * columns + j]! * target[at + j]!;
        }
      }
    }
    const own = levels.subarray(table * count, (table + 1) * count);
    own.forEach((level, k) => {
      if (level === 0 || !(normal[k * count + k]! > 0)) pin(normal, right, k, level);
    });
    found.set(solve(normal, right, own), table * count);
  }
  return found;
}

/** Makes unknown k `value`: nothing but that stands in its equation, and what it was in the others moves to the right. */
function pin(normal: Float64Array, right: Float64Array, k: number, value: number): void {
  const count = right.length;
  for (let i = 0; i < count; i++) {
    right[i]! -= normal[i * count + k]! * value;
    normal[i * count + k] = 0;
    normal[k * count + i] = 0;
  }
  normal[k * count + k] = 1;
  right[k] = value;
}

/** x with A x = b by Cholesky, A symmetric; `old` where a pivot vanishes: levels that only ever stand together. A becomes its factor. */
function solve(a: Float64Array, b: Float64Array, old: Float32Array): Float64Array {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    const size = a[i * n + i]!;
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * n + k]! * a[j * n + k]!;
      if (i > j) a[i * n + j] = sum / a[j * n + j]!;
      // 1e-10: what is left of a pivot after cancellation is noise.
      else if (sum > 1e-10 * size) a[i * n + i] = sum ** 0.5;
      else return Float64Array.from(old);
    }
  }
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= a[i * n + k]! * x[k]!;
    x[i]! /= a[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= a[k * n + i]! * x[k]!;
    x[i]! /= a[i * n + i]!;
  }
  return x;
}
