import { nearestLevel } from './nearest-level.js';
import { blocksOf, codesOf, type WeightGrid } from './weight-grid.js';

/** Codes of one matrix: 8-bit where the grid has at most 256 of them. */
export type MatrixCodes = Uint8Array | Uint16Array;

/** A weight matrix as codes on a grid. */
export interface QuantizedMatrix {
  readonly grid: WeightGrid;
  /** [rows, columns], row-major, counted from the grid's lowest value. */
  readonly codes: MatrixCodes;
}

/** Rounds every weight to the nearest value of the grid; ties go to the even integer, or to the lower level. O(elements), times log(levels). */
export function roundToGrid(data: Float32Array, grid: WeightGrid): QuantizedMatrix {
  const codes = codesOf(grid) <= 256 ? new Uint8Array(data.length) : new Uint16Array(data.length);
  if (grid.kind === 'affine') {
    const { quantMin, quantMax, scales, zeroPoints } = grid;
    eachBlock(grid, (_, block, first, last) => {
      const [scale, zeroPoint] = [scales[block]!, zeroPoints[block]!];
      for (let i = first; i < last; i++) {
        const place = data[i]! / scale + zeroPoint;
        const kept = place > quantMax ? quantMax : place < quantMin ? quantMin : place;
        codes[i] = kept + TO_INTEGER - TO_INTEGER - quantMin;
      }
    });
    return { grid, codes };
  }
  const nearest = levelCode(grid);
  eachBlock(grid, (row, block, first, last) => {
    for (let i = first; i < last; i++) codes[i] = nearest(data[i]!, row, block);
  });
  return { grid, codes };
}

/** The values that the codes stand for, [rows, columns]. O(elements). */
export function dequantizeMatrix({ grid, codes }: QuantizedMatrix): Float32Array {
  const values = new Float32Array(codes.length);
  eachBlock(grid, (row, block, first, last) => {
    const scale = grid.scales[block]!;
    if (grid.kind === 'affine') {
      const offset = grid.quantMin - grid.zeroPoints[block]!;
      for (let i = first; i < last; i++) values[i] = (codes[i]! + offset) * scale;
      return;
    }
    const table = grid.tables === 1 ? 0 : row * codesOf(grid);
    for (let i = first; i < last; i++) values[i] = grid.levels[table + codes[i]!]! * scale;
  });
  return values;
}

/** What a matrix consists of, to be stored: plain values of the grid, and arrays by name. */
export function quantizedMatrixParts({ grid, codes }: QuantizedMatrix): {
  plain: Record<string, unknown>;
  arrays: Record<string, MatrixCodes | Float32Array>;
} {
  const entries = Object.entries(grid) as [string, unknown][];
  const isArray = ([, value]: [string, unknown]) => ArrayBuffer.isView(value);
  return {
    plain: Object.fromEntries(entries.filter((entry) => !isArray(entry))),
    arrays: { codes, ...(Object.fromEntries(entries.filter(isArray)) as Record<string, Float32Array>) },
  };
}

/** 1.5 * 2^52: adding and subtracting it rounds numbers below 2^51 to integers, ties to even. */
export const TO_INTEGER = 6755399441055744;

type NearestCode = (value: number, row: number, block: number) => number;

function levelCode(grid: WeightGrid & { kind: 'levels' }): NearestCode {
  const count = codesOf(grid);
  return (value, row, block) => {
    const first = grid.tables === 1 ? 0 : row * count;
    const scale = grid.scales[block]!;
    return nearestLevel(grid.levels, scale === 0 ? 0 : value / scale, first, count);
  };
}

/** Calls `visit` for every block, in order: its row, its place in `scales`, and where its elements lie. */
function eachBlock(grid: WeightGrid, visit: (row: number, block: number, first: number, last: number) => void): void {
  const { rows, columns, blockSize } = grid;
  const blocks = blocksOf(grid);
  for (let row = 0; row < rows; row++) {
    for (let b = 0; b < blocks; b++) {
      const first = row * columns + b * blockSize;
      visit(row, row * blocks + b, first, Math.min(first + blockSize, (row + 1) * columns));
    }
  }
}
