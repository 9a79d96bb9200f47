import type { Target } from '../choices.js';
import { weightLayout, type WeightView } from '@gossamer/graph';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';

import { emitGather } from '../weight-only/gather-blocks.js';
import { emitMatMulBnb4, storeBnb4 } from '../weight-only/matmul-bnb4.js';
import { emitMatMulNBits } from '../weight-only/matmul-nbits.js';
import { type PackedValues, storePacked } from '../weight-only/packed-store.js';
import { chooseForm } from './choose-form.js';
import { rewriteExpanded } from './expanded-weight.js';
import { rewriteFloat8 } from './float8-weight.js';
import { packMatMulBnb4 } from './pack-matmul-bnb4.js';
import { packMatMulNBits } from './pack-matmul-nbits.js';

export interface WriteOptions {
  readonly target: Target;
  readonly accuracyLevel: number;
  /** A product and an embedding read the weight. */
  readonly isTied: boolean;
  /** Weights that are written already, by their codes: what several layers read is stored once. */
  readonly written: Map<readonly QuantizedMatrix[], PackedValues>;
}

/** Writes the codes of one weight in the form that `chooseForm` names. Returns the bytes of the new constants. */
export function writeWeight(
  view: WeightView,
  matrices: readonly QuantizedMatrix[],
  { target, accuracyLevel, isTied, written }: WriteOptions,
): number {
  const [matrix] = matrices as [QuantizedMatrix];
  const form = chooseForm(view, matrices, target);
  const layout = weightLayout(view);
  const { rows: n, columns: k } = layout;
  const { blockSize } = matrix.grid;
  const stored = (make: () => { values: PackedValues; bytes: number }) => {
    const known = written.get(matrices);
    if (known) return { values: known, bytes: 0 };
    const made = make();
    written.set(matrices, made.values);
    return made;
  };
  if (form.kind === 'expanded') return rewriteExpanded(view, layout, matrices);
  if (form.kind === 'float8') return rewriteFloat8(view, layout, matrices, form.dtype);
  if (form.kind === 'MatMulBnb4') {
    const { values, bytes } = stored(() => storeBnb4(view.source, packMatMulBnb4(matrix, form.table)));
    emitMatMulBnb4(view.node, values, { n, k, blockSize, table: form.table });
    return bytes;
  }
  const { bits } = form;
  const { values, bytes } = stored(() => storePacked(view.source, packMatMulNBits(matrix, bits), n));
  if (form.kind === 'MatMulNBits') emitMatMulNBits(view.node, values, { n, k, bits, blockSize, accuracyLevel });
  else emitGather(view.node, values, { n, bits, blockSize, isTied });
  return bytes;
}
