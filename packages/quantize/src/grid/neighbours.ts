import type { MatrixCodes, QuantizedMatrix } from './quantized-matrix.js';
import { blocksOf, codesOf, type WeightGrid } from './weight-grid.js';

/**
 * The two values of a grid between which each weight lies: value = lower + gap h with h 0 or 1, and code = lowerCode + h. Codes are
 * in ascending order; where a scale is negative, values are not.
 */
export interface Neighbours {
  readonly grid: WeightGrid;
  /** [rows, columns], row-major. */
  readonly lower: Float32Array;
  /** To the value of the next code, negative where the scale is; 0 for a weight outside of the grid, which has one neighbour only. */
  readonly gap: Float32Array;
  readonly lowerCode: MatrixCodes;
  /** Where the weight lies between its neighbours, in [0, 1]; 0 where the gap is 0. */
  readonly fraction: Float32Array;
}

/** The neighbours of every weight of `data`, [rows, columns], on `grid`. O(elements), times log(levels) for levels. */
export function neighboursOn(data: Float32Array, grid: WeightGrid): Neighbours {
  const { rows, columns, blockSize } = grid;
  const [blocks, count] = [blocksOf(grid), codesOf(grid)];
  const lower = new Float32Array(data.length);
  const gap = new Float32Array(data.length);
  const fraction = new Float32Array(data.length);
  const lowerCode = count <= 256 ? new Uint8Array(data.length) : new Uint16Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [i, block] = [row * columns + column, row * blocks + Math.floor(column / blockSize)];
      const scale = grid.scales[block]!;
      const unit = scale === 0 ? 0 : data[i]! / scale;
      const at = (code: number) => unitOf(grid, code, row, block);
      const code = codeBelow(unit, at, count);
      lowerCode[i] = code;
      lower[i] = at(code) * scale;
      if (code === count - 1 || unit <= at(code)) continue;
      const width = at(code + 1) - at(code);
      gap[i] = at(code + 1) * scale - lower[i]!;
      fraction[i] = Math.min(1, (unit - at(code)) / width);
    }
  }
  return { grid, lower, gap, lowerCode, fraction };
}

/** The codes where every weight with h >= 1/2 takes its upper neighbour. */
export function roundedBy({ grid, gap, lowerCode }: Neighbours, h: ArrayLike<number>): QuantizedMatrix {
  const codes = lowerCode.slice();
  for (let i = 0; i < codes.length; i++) if (gap[i] !== 0 && h[i]! >= 0.5) codes[i]!++;
  return { grid, codes };
}

/** How many weights have two neighbours. */
export const openWeights = (gap: Float32Array): number =>
  gap.reduce((count, width) => count + (width === 0 ? 0 : 1), 0);

/** The highest code that stands for at most `unit` scales; 0 where there is none. */
function codeBelow(unit: number, at: (code: number) => number, count: number): number {
  let [low, high] = [0, count - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (at(middle) <= unit) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** What a code stands for, in scales. */
function unitOf(grid: WeightGrid, code: number, row: number, block: number): number {
  if (grid.kind === 'affine') return grid.quantMin + code - grid.zeroPoints[block]!;
  return grid.levels[(grid.tables === 1 ? 0 : row * codesOf(grid)) + code]!;
}
