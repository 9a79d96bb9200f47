import type { BinaryCoder } from '../coders/binary-coder.js';
import { BitModels } from '../coders/bit-models.js';
import { codeExpGolomb, EXP_GOLOMB_CONTEXTS } from '../coders/exp-golomb.js';
import type { MatrixLayout } from './matrix-layout.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { abs, min, max, clz32 } = Math;

/** Alphabets up to this many bits are coded as trees. */
const TREE_BITS = 8;
const CLASSES = 6;

/**
 * Codes integers in a matrix by the size of their neighbours alone: trees of zigzag codes where all of them fit `bits` <= 8 bits,
 * else exp-Golomb. Several times as fast as the mixed model; for tensors of many elements, where a context is learned soon.
 */
export function codeIntegersDirect(coder: BinaryCoder, values: Int32Array, layout: MatrixLayout, bits: number): void {
  const { rows, columns, rowStride, columnStride } = layout;
  const isTree = bits <= TREE_BITS;
  const models = new BitModels(CLASSES * (isTree ? 1 << bits : EXP_GOLOMB_CONTEXTS));
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const at = r * rowStride + c * columnStride;
      const left = c > 0 ? values[at - columnStride]! : 0;
      const up = r > 0 ? values[at - rowStride]! : 0;
      const size = abs(left) + abs(up);
      // Classes 0 .. 5: sums of 0, 1, 2-3, then in thirds of the way to the largest.
      const context = size === 0 ? 0 : min(CLASSES - 1, 32 - clz32(size >> max(0, bits - 5)));
      const value = values[at]!;
      const zigzag = value >= 0 ? 2 * value : -2 * value - 1;
      const seen = isTree
        ? models.codeTree(coder, context << bits, bits, zigzag)
        : codeExpGolomb(coder, models, context * EXP_GOLOMB_CONTEXTS, zigzag);
      values[at] = seen % 2 === 0 ? seen / 2 : -(seen + 1) / 2;
    }
  }
}
