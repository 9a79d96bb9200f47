import { dequantizeMatrix, type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { blocksOf, codesOf, type WeightGrid } from '../grid/weight-grid.js';
import { reachableTarget } from './reachable-target.js';
import { requireMoments } from './require-moments.js';
import type { WeightAlgorithm } from './weight-algorithm.js';

/** Shares of a block's range that are tried: 1, 0.975, ... 0.525. */
const SHARES = Array.from({ length: 20 }, (_, i) => 1 - i / 40);

/**
 * AWQ's clip search: the weights that share a scale are clipped to the share of their range, 1 down to 0.525 in 20 steps, with the least output error of
 * that block alone, e M_b eᵀ with M_b the block's part of the second moments. 1 is among them: never worse, block by block. A scale or a table of levels that the whole
 * matrix shares is chosen for all of it. O(20 x elements x block size).
 *
 * Source: Lin et al. 2024, arXiv:2306.00978, the official code's auto_clip (queries and keys are better left out there).
 */
export const awqClip: WeightAlgorithm = {
  name: 'awq-clip',
  needs: 'moments',
  async solve(problem) {
    const { fit, signal } = problem;
    const second = requireMoments(problem, 'awq-clip');
    const target = await reachableTarget(problem);
    const start = fit(target);
    let best = roundToGrid(target, start);
    const isShared = isOfMatrix(start, fit(clipped(target, SHARES.at(-1)!, start)));
    const errors = blockErrors(best, target, second);
    for (const share of SHARES.slice(1)) {
      signal?.throwIfAborted();
      const weights = clipped(target, share, start);
      const tried = roundToGrid(weights, fit(weights));
      const found = blockErrors(tried, target, second);
      if (!isShared) takeBetter(best, errors, tried, found);
      else if (sum(found) < sum(errors)) {
        best = tried;
        errors.set(found);
      }
    }
    return best;
  },
};

/** Whether blocks cannot be chosen one by one: they have one scale, or a table that was fitted to all of them. */
function isOfMatrix(grid: WeightGrid, other: WeightGrid): boolean {
  if (grid.kind === 'levels' && grid.tables > 1) return false;
  if (grid.scales.length > 1 && grid.scales.every((scale) => scale === grid.scales[0])) return true;
  return grid.kind === 'levels' && other.kind === 'levels' && grid.levels.some((level, i) => level !== other.levels[i]);
}

/** Every block of `grid` within `share` of its own range. */
function clipped(data: Float32Array, share: number, grid: WeightGrid): Float32Array {
  const made = data.slice();
  eachBlock(grid, (first, last) => {
    let [low, high] = [0, 0];
    for (let i = first; i < last; i++) {
      if (data[i]! < low) low = data[i]!;
      if (data[i]! > high) high = data[i]!;
    }
    for (let i = first; i < last; i++) {
      if (data[i]! < low * share) made[i] = low * share;
      else if (data[i]! > high * share) made[i] = high * share;
    }
  });
  return made;
}

/** e M_b eᵀ of each block, [rows, blocks]. */
function blockErrors(matrix: QuantizedMatrix, target: Float32Array, second: Float64Array): Float64Array {
  const { columns, blockSize, scales } = matrix.grid;
  const values = dequantizeMatrix(matrix);
  const errors = new Float64Array(scales.length);
  const e = new Float64Array(blockSize);
  eachBlock(matrix.grid, (first, last, index) => {
    const [size, column] = [last - first, first % columns];
    for (let i = 0; i < size; i++) e[i] = values[first + i]! - target[first + i]!;
    let error = 0;
    for (let i = 0; i < size; i++) {
      const row = (column + i) * columns + column;
      let product = (second[row + i]! * e[i]!) / 2;
      for (let j = i + 1; j < size; j++) product += second[row + j]! * e[j]!;
      error += 2 * e[i]! * product;
    }
    errors[index] = error;
  });
  return errors;
}

/** Puts the blocks of smaller error in the place of `best`'s. */
function takeBetter(best: QuantizedMatrix, errors: Float64Array, tried: QuantizedMatrix, found: Float64Array): void {
  const { grid } = best;
  eachBlock(grid, (first, last, index) => {
    if (!(found[index]! < errors[index]!)) return;
    errors[index] = found[index]!;
    grid.scales[index] = tried.grid.scales[index]!;
    best.codes.set(tried.codes.subarray(first, last), first);
    if (grid.kind === 'affine' && tried.grid.kind === 'affine') grid.zeroPoints[index] = tried.grid.zeroPoints[index]!;
    if (grid.kind !== 'levels' || tried.grid.kind !== 'levels' || grid.tables === 1) return;
    const [count, row] = [codesOf(grid), Math.floor(index / blocksOf(grid))];
    grid.levels.set(tried.grid.levels.subarray(row * count, (row + 1) * count), row * count);
  });
}

/** Calls `visit` for every block: where its elements lie, and its place in `scales`. */
function eachBlock(grid: WeightGrid, visit: (first: number, last: number, index: number) => void): void {
  const { rows, columns, blockSize } = grid;
  const blocks = blocksOf(grid);
  for (let index = 0; index < rows * blocks; index++) {
    const row = Math.floor(index / blocks);
    const first = row * columns + (index % blocks) * blockSize;
    visit(first, Math.min(first + blockSize, (row + 1) * columns), index);
  }
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
