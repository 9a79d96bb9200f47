import type { Target } from '../choices.js';
import type { WeightView } from '@gossamer/graph';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import { codesOf, type LevelGrid } from '../grid/weight-grid.js';
import { codesOn } from '../legality/codes-on.js';

import { FLOAT8_LEVELS, type Float8Dtype } from '../schemes/float8.js';
import { FP4_LEVELS, NF4_VALUES } from '../schemes/four-bit-floats.js';
import { refuseBlocks } from '../weight-only/block-weight.js';

/** How codes of one weight are written; `bits` and `table` as the operators name them. */
export type WeightForm =
  | { readonly kind: 'MatMulNBits' | 'GatherBlockQuantized'; readonly bits: 2 | 4 | 8 }
  | { readonly kind: 'MatMulBnb4'; readonly table: 'fp4' | 'nf4' }
  | { readonly kind: 'float8'; readonly dtype: Float8Dtype }
  | { readonly kind: 'expanded' };

/** Widths that MatMulNBits and GatherBlockQuantized have, and their blocks. */
const BITS: readonly number[] = [2, 4, 8];
const BLOCK_SIZES: readonly number[] = [16, 32, 64, 128, 256];

/** Least block of MatMulBnb4, whose blocks are powers of two. */
const LEAST_BNB4_BLOCK = 16;

/**
 * The form that suits an operator and its codes: one that a kernel of the target reads where there is one, FLOAT8 tensors for 8-bit floats, else codes
 * that are expanded when the model is opened.
 */
export function chooseForm(view: WeightView, matrices: readonly QuantizedMatrix[], target: Target): WeightForm {
  const [{ grid }] = matrices as [QuantizedMatrix];
  const isProduct = view.role === 'weight' && ['MatMul', 'Gemm'].includes(view.op) && refuseBlocks(view) === undefined;
  if (grid.kind === 'levels') {
    const table = isProduct && isWhole(grid) ? fourBitTable(grid) : undefined;
    if (table && codesOn(target, 'MatMul', table)) return { kind: 'MatMulBnb4', table };
    const dtype = float8Of(grid);
    return dtype ? { kind: 'float8', dtype } : { kind: 'expanded' };
  }
  const bits = Math.ceil(Math.log2(codesOf(grid))) as 2 | 4 | 8;
  const isBlocked = BITS.includes(bits) && BLOCK_SIZES.includes(grid.blockSize);
  if (!isBlocked || !grid.zeroPoints.every(Number.isInteger)) return { kind: 'expanded' };
  const hasKernel = (kind: 'MatMul' | 'Gather') => codesOn(target, kind, `uint${bits}`);
  if (isProduct && hasKernel('MatMul')) return { kind: 'MatMulNBits', bits };
  return isTable(view) && grid.columns % grid.blockSize === 0 && hasKernel('Gather')
    ? { kind: 'GatherBlockQuantized', bits }
    : { kind: 'expanded' };
}

/** An embedding whose rows are gathered as they are stored. */
const isTable = (view: WeightView): boolean =>
  view.role === 'embedding' && view.shape.length === 2 && view.node.int('axis', 0) === 0 && view.chain.length === 0;

/** MatMulBnb4 counts its blocks through all rows: they end where rows end. */
function isWhole({ blockSize, columns }: LevelGrid): boolean {
  return blockSize >= LEAST_BNB4_BLOCK && Number.isInteger(Math.log2(blockSize)) && columns % blockSize === 0;
}

function fourBitTable(grid: LevelGrid): 'fp4' | 'nf4' | undefined {
  if (hasLevels(grid, NF4_VALUES)) return 'nf4';
  return hasLevels(grid, FP4_LEVELS) ? 'fp4' : undefined;
}

function float8Of(grid: LevelGrid): Float8Dtype | undefined {
  return (['float8e4m3fn', 'float8e5m2'] as const).find((dtype) => hasLevels(grid, FLOAT8_LEVELS[dtype]));
}

function hasLevels({ levels, tables }: LevelGrid, expected: Float32Array): boolean {
  return tables === 1 && levels.length === expected.length && levels.every((level, i) => level === expected[i]);
}
