import type { WeightView } from '@gossamer/graph';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import { codesOf } from '../grid/weight-grid.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { refuseBlocks } from '../weight-only/block-weight.js';
import { emitMatMulNBits } from '../weight-only/matmul-nbits.js';
import { type PackedValues, storePacked } from '../weight-only/packed-store.js';
import { rewriteExpanded, type WeightLayout } from './expanded-weight.js';
import { packMatMulNBits } from './pack-matmul-nbits.js';

/** What MatMulNBits has. */
const BITS: readonly number[] = [2, 4, 8];
const BLOCK_SIZES: readonly number[] = [16, 32, 64, 128, 256];

/** Weights that are written already, by their codes: a weight that several products read is stored once. */
export type WrittenWeights = Map<readonly QuantizedMatrix[], PackedValues>;

/**
 * Writes the codes of one weight in the form that suits its operator: MatMulNBits where that has the bits and the blocks, else codes that are expanded when the model is opened. Returns the bytes
 * of the new constants.
 */
export function writeWeight(
  view: WeightView,
  layout: WeightLayout,
  matrices: readonly QuantizedMatrix[],
  { accuracyLevel }: ResolvedOptions,
  written: WrittenWeights,
): number {
  const [matrix] = matrices as [QuantizedMatrix];
  const { grid } = matrix;
  const bits = Math.ceil(Math.log2(codesOf(grid))) as 2 | 4 | 8;
  const isBlocked = grid.kind === 'affine' && BITS.includes(bits) && BLOCK_SIZES.includes(grid.blockSize);
  const isProduct = view.role === 'weight' && (view.op === 'MatMul' || view.op === 'Gemm');
  if (!isBlocked || !isProduct || refuseBlocks(view) !== undefined || !grid.zeroPoints.every(Number.isInteger)) {
    return rewriteExpanded(view, layout, matrices);
  }
  const { rows: n, columns: k } = layout;
  const known = written.get(matrices);
  const { values, bytes } = known
    ? { values: known, bytes: 0 }
    : storePacked(view.source, packMatMulNBits(matrix, bits), n);
  written.set(matrices, values);
  emitMatMulNBits(view.node, values, { n, k, bits, blockSize: grid.blockSize, accuracyLevel });
  return bytes;
}
