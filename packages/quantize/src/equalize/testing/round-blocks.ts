import { dequantizeMatrix, roundToGrid } from '../../grid/quantized-matrix.js';
import type { RoundWeight } from '../../grid/round-weight.js';

/** Rounds to nearest, asymmetric, `bits` bits, a scale for each block of `blockSize` columns: the range of the block and 0. */
export function roundBlocks(bits: number, blockSize: number): RoundWeight {
  const quantMax = 2 ** bits - 1;
  return (data, rows, columns) => {
    const blocks = Math.ceil(columns / blockSize);
    const size = Math.min(blockSize, columns);
    const scales = new Float32Array(rows * blocks);
    const zeroPoints = new Float32Array(rows * blocks);
    for (let index = 0; index < scales.length; index++) {
      const first = Math.floor(index / blocks) * columns + (index % blocks) * blockSize;
      let [low, high] = [0, 0];
      for (let i = first; i < first + size; i++) {
        if (data[i]! < low) low = data[i]!;
        if (data[i]! > high) high = data[i]!;
      }
      scales[index] = high > low ? (high - low) / quantMax : 1;
      zeroPoints[index] = Math.round(-low / scales[index]!);
    }
    const layout = { rows, columns, blockSize, scales, zeroPoints };
    return dequantizeMatrix(roundToGrid(data, { kind: 'affine', quantMin: 0, quantMax, ...layout }));
  };
}
