import type { MatrixCodes, QuantizedMatrix } from './quantized-matrix.js';
import { blocksOf, codesOf, type WeightGrid } from './weight-grid.js';

/** The two values of a grid between which each weight lies: value = lower + gap h with h 0 or 1, and code = lowerCode + h. */
export interface Neighbours {
  readonly grid: WeightGrid;
  /** [rows, columns], row-major. */
  readonly lower: Float32Array;
  /** To the next value, >= 0; 0 for a weight outside of the grid, which has one neighbour only. */
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
      const value = data[i]!;
      const code = codeBelow(grid, value, row, block, count);
      lowerCode[i] = code;
      lower[i] = valueOf(grid, code, row, block);
      const isOutside = code === count - 1 || value <= lower[i]!;
      if (isOutside) continue;
      gap[i] = valueOf(grid, code + 1, row, block) - lower[i]!;
      if (gap[i]! > 0) fraction[i] = Math.min(1, (value - lower[i]!) / gap[i]!);
    }
  }
  return { grid, lower, gap, lowerCode, fraction };
}

/** The codes where every weight with h >= 1/2 takes its upper neighbour. */
export function roundedBy({ grid, gap, lowerCode }: Neighbours, h: ArrayLike<number>): QuantizedMatrix {
  const codes = lowerCode.slice();
  for (let i = 0; i < codes.length; i++) if (gap[i]! > 0 && h[i]! >= 0.5) codes[i]!++;
  return { grid, codes };
}

/** The highest code whose value is at most `value`; 0 where there is none. */
function codeBelow(grid: WeightGrid, value: number, row: number, block: number, count: number): number {
  if (grid.kind === 'affine') {
    const code = Math.floor(value / grid.scales[block]! + grid.zeroPoints[block]! - grid.quantMin);
    return Math.min(count - 1, Math.max(0, code));
  }
  let [low, high] = [0, count - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (valueOf(grid, middle, row, block) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function valueOf(grid: WeightGrid, code: number, row: number, block: number): number {
  if (grid.kind === 'affine') return (grid.quantMin + code - grid.zeroPoints[block]!) * grid.scales[block]!;
  const first = grid.tables === 1 ? 0 : row * codesOf(grid);
  return grid.levels[first + code]! * grid.scales[block]!;
}
