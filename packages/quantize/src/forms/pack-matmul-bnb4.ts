import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import { FP4_LEVELS, FP4_VALUES } from '../schemes/four-bit-floats.js';

/** A weight in the layout of com.microsoft::MatMulBnb4. */
export interface MatMulBnb4 {
  /** [ceil(rows * columns / 2)], two codes a byte, the first in the high bits. */
  readonly codes: Uint8Array;
  /** [rows * columns / blockSize]: what the codes of a block are multiplied by. */
  readonly scales: Float32Array;
}

/** By level, ascending: the first code that stands for it. */
const FP4_CODES = Uint8Array.from(FP4_LEVELS, (level) => FP4_VALUES.findIndex((value) => value === level));

/**
 * A matrix of NF4 or FP4 levels [rows, columns] for MatMulBnb4: rows are output features, one behind the other, and blocks run through
 * them, so `blockSize` divides `columns`.
 *
 * Source: ONNX Runtime 1.30, contrib_ops/cpu/quantization/blockwise_quant_block_bnb4.h; checked in its CPU provider by the spec.
 */
export function packMatMulBnb4({ grid, codes }: QuantizedMatrix, table: 'fp4' | 'nf4'): MatMulBnb4 {
  const packed = new Uint8Array(Math.ceil(codes.length / 2));
  for (let i = 0; i < codes.length; i++) {
    const code = table === 'fp4' ? FP4_CODES[codes[i]!]! : codes[i]!;
    packed[i >> 1]! |= code << (i % 2 === 0 ? 4 : 0);
  }
  return { codes: packed, scales: grid.scales };
}
