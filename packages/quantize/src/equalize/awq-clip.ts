import { outputError } from '../algorithms/output-error.js';
import type { LayerWeight, RoundWeight } from './awq-scales.js';

/** Shares of a group's range that are tried: 1, 0.975, ... 0.525. */
const SHARES = Array.from({ length: 20 }, (_, i) => 1 - i / 40);

/**
 * AWQ's clip search: each group of `groupSize` columns of each row is clipped to the share of its range, 1 down to 0.5 in 20 steps, with
 * the least output error of that group alone, e M_g eᵀ with M_g the group's part of the second moments. 1 is among them: never worse, group
 * by group. Returns the clipped weights, [rows, columns]; rounding them is what is left. O(20 x elements x groupSize).
 *
 * Source: Lin et al. 2024, arXiv:2306.00978, the official code's auto_clip (queries and keys are better left out there).
 */
export function awqClip(
  { rows, data }: LayerWeight,
  second: Float64Array,
  groupSize: number,
  round: RoundWeight,
): Float32Array {
  const columns = data.length / rows;
  const groups = Math.ceil(columns / groupSize);
  const moments = Array.from({ length: groups }, (_, g) => diagonalBlock(second, columns, g * groupSize, groupSize));
  const clipped = data.slice();
  const errors = new Float64Array(rows * groups).fill(Infinity);
  for (const share of SHARES) {
    const tried = data.slice();
    eachGroup(rows, columns, groupSize, (first, last) => {
      let [low, high] = [0, 0];
      for (let i = first; i < last; i++) [low, high] = [Math.min(low, data[i]!), Math.max(high, data[i]!)];
      for (let i = first; i < last; i++) tried[i] = Math.min(high * share, Math.max(low * share, data[i]!));
    });
    const rounded = round(tried, rows, columns);
    eachGroup(rows, columns, groupSize, (first, last, index) => {
      const [size, block] = [last - first, moments[index % groups]!];
      const error = outputError(rounded.subarray(first, last), data.subarray(first, last), block, size);
      if (error >= errors[index]!) return;
      errors[index] = error;
      clipped.set(tried.subarray(first, last), first);
    });
  }
  return clipped;
}

/** Rows and columns `first` to `first` + `size` of a symmetric matrix. */
function diagonalBlock(second: Float64Array, columns: number, first: number, size: number): Float64Array {
  const width = Math.min(size, columns - first);
  const block = new Float64Array(width * width);
  for (let row = 0; row < width; row++) {
    const from = (first + row) * columns + first;
    block.set(second.subarray(from, from + width), row * width);
  }
  return block;
}

function eachGroup(
  rows: number,
  columns: number,
  size: number,
  visit: (first: number, last: number, index: number) => void,
): void {
  let index = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column += size) {
      const first = row * columns + column;
      visit(first, row * columns + Math.min(columns, column + size), index++);
    }
  }
}
