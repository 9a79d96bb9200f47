import { type BlockFit, quantizeBlocksAsync } from '@gossamer/kernels';
import type { AffineGrid } from './weight-grid.js';
import type { QuantizedMatrix } from './quantized-matrix.js';

/**
 * Rounds a matrix [rows, columns] to nearest in blocks of integers, in the native kernel: what `fit` of the scheme and `roundToGrid` make of it, where nothing clips. Throws
 * ERR_NOT_FINITE.
 */
export async function roundBlocks(
  data: Float32Array,
  rows: number,
  columns: number,
  { isSigned, importance: _, ...options }: BlockFit,
  signal: AbortSignal | undefined,
): Promise<QuantizedMatrix> {
  const { bits, mapping, range } = options;
  const blockSize = Math.min(options.blockSize, columns);
  const blocks = { ...options, blockSize, n: rows, k: columns, layout: 'nk', dtype: 'uint8' } as const;
  const { codes, scales, zeroPoints } = await quantizeBlocksAsync(data, { ...blocks, ...(signal ? { signal } : {}) });
  // Codes count from the lowest one in use.
  const unused = mapping === 'symmetric' && range === 'restricted' ? 1 : 0;
  const half = isSigned ? 2 ** (bits - 1) : 0;
  const grid: AffineGrid = {
    ...{ kind: 'affine', rows, columns, blockSize, scales },
    ...{ quantMin: unused - half, quantMax: 2 ** bits - 1 - half },
    zeroPoints: Float32Array.from(zeroPoints).map((zeroPoint) => zeroPoint - half),
  };
  return { grid, codes: unused === 0 ? codes : codes.map((code) => code - unused) };
}
