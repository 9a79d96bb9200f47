import { keepLargest } from '../masks/keep-largest.js';
import type { Pattern, ScoredMatrix } from './pattern.js';

/** Blocks of `height` rows and `width` columns go together, by the mean score of their elements; blocks at the ends are smaller. */
export function blocks(height: number, width: number): Pattern {
  return {
    name: `block:${height}x${width}`,
    choose(matrices, count) {
      const grids = matrices.map((matrix) => ({ matrix, ...gridOf(matrix, height, width) }));
      const means = Float64Array.from(grids.flatMap(({ sums, sizes }) => [...sums].map((sum, i) => sum / sizes[i]!)));
      const sizes = grids.flatMap(({ sizes: own }) => [...own]);
      const kept = keepLargest(means, blocksWithin(means, sizes, count));
      let at = 0;
      return grids.map(({ matrix, across, sums }) => {
        const own = kept.subarray(at, (at += sums.length));
        const { rows, columns } = matrix;
        const mask = new Uint8Array(rows * columns);
        for (let row = 0; row < rows; row++) {
          const line = Math.floor(row / height) * across;
          for (let j = 0; j < columns; j++) mask[row * columns + j] = own[line + Math.floor(j / width)]!;
        }
        return mask;
      });
    },
  };
}

/** Sums and sizes of the blocks, row by row of blocks. */
function gridOf({ scores, rows, columns }: ScoredMatrix, height: number, width: number) {
  const across = Math.ceil(columns / width);
  const sums = new Float64Array(Math.ceil(rows / height) * across);
  const sizes = new Uint32Array(sums.length);
  for (let row = 0; row < rows; row++) {
    const line = Math.floor(row / height) * across;
    for (let j = 0; j < columns; j++) {
      const block = line + Math.floor(j / width);
      sums[block]! += scores[row * columns + j]!;
      sizes[block]!++;
    }
  }
  return { across, sums, sizes };
}

/** How many blocks, the best ones first, have no more than `count` elements together. */
function blocksWithin(means: Float64Array, sizes: readonly number[], count: number): number {
  const order = Array.from(means, (_, i) => i).sort((i, j) => means[j]! - means[i]! || i - j);
  let elements = 0;
  let blocks = 0;
  for (const i of order) {
    elements += sizes[i]!;
    if (elements > count) break;
    blocks++;
  }
  return blocks;
}
