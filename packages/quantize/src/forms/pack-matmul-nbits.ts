import type { MatMulNBits } from '@gossamer/kernels';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import { blocksOf } from '../grid/weight-grid.js';

/** Widths of codes that MatMulNBits has, the narrowest first; codes of other widths take the next one. */
const WIDTHS = [2, 4, 8] as const;

/** Bits that MatMulNBits stores for codes of `bits`. */
export function storedBits(bits: number): 2 | 4 | 8 {
  return WIDTHS.find((width) => width >= bits) ?? 8;
}

/**
 * A matrix of integers in the layout of com.microsoft.MatMulNBits: rows are output features, blocks run along columns. Codes of 3 bits lie in 4, of 5 to 7
 * in 8. The last block is filled up with the zero point's code. Symmetric grids around the middle of `bits` have no zero points stored.
 */
export function packMatMulNBits({ grid, codes }: QuantizedMatrix, bits: 2 | 4 | 8): MatMulNBits {
  if (grid.kind !== 'affine') throw new Error('MatMulNBits: expected a grid of integers');
  const { rows, columns, blockSize, quantMin, quantMax, scales, zeroPoints } = grid;
  const kBlocks = blocksOf(grid);
  const perByte = 8 / bits;
  const rowBytes = (kBlocks * blockSize) / perByte;
  const packed = new Uint8Array(rows * rowBytes);
  // Codes and zero points are counted from the lowest code; a difference of both is all that a kernel sees.
  const zeros = zeroPoints.map((zero) => zero - quantMin);
  const shift = centred(zeros, bits, quantMax - quantMin);
  const [added, shiftOf, places] = [shift ?? 0, Math.log2(perByte), perByte - 1];
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < kBlocks; block++) {
      const first = block * blockSize;
      const last = Math.min(first + blockSize, columns);
      for (let j = first; j < first + blockSize; j++) {
        const code = j < last ? codes[row * columns + j]! : zeros[row * kBlocks + block]!;
        packed[row * rowBytes + (j >> shiftOf)]! |= (code + added) << ((j & places) * bits);
      }
    }
  }
  return {
    codes: packed,
    scales,
    kBlocks,
    zeroPoints: shift === undefined ? packZeros(zeros, rows, kBlocks, bits) : null,
  };
}

/** What has to be added to every code so that all zero points are 2^(bits - 1), the default; undefined where that cannot be. */
function centred(zeros: Float32Array, bits: number, largest: number): number | undefined {
  const [first = NaN] = zeros;
  const shift = 2 ** (bits - 1) - first;
  const fits = shift >= 0 && largest + shift < 2 ** bits;
  return fits && zeros.every((zero) => zero === first) ? shift : undefined;
}

/** [rows, ceil(kBlocks * bits / 8)], low bits first. */
function packZeros(zeros: Float32Array, rows: number, kBlocks: number, bits: number): Uint8Array {
  const perByte = 8 / bits;
  const rowBytes = Math.ceil(kBlocks / perByte);
  const packed = new Uint8Array(rows * rowBytes);
  zeros.forEach((zero, i) => {
    const [row, block] = [Math.floor(i / kBlocks), i % kBlocks];
    packed[row * rowBytes + Math.floor(block / perByte)]! |= zero << ((block % perByte) * bits);
  });
  return packed;
}
