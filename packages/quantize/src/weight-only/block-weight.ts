import type { WeightView } from '@gossamer/graph';
import type { BlockOptions } from '@gossamer/kernels';
import type { ResolvedOptions } from '../resolved-options.js';

/** The clip search of `clip: true`: 20 ratios down to 0.8 of the full range, as literature finds enough. */
export const CLIP_SEARCH = { steps: 20, min: 0.8 } as const;

/** How kernels shall see a rank-2 weight and split it into blocks along its input axis. */
export function blockOptions(view: WeightView, options: ResolvedOptions): Omit<BlockOptions, 'bits'> {
  // An embedding's rows play the part of output features: that is what they are in the tied output projection.
  const rows = view.role === 'embedding' ? 0 : view.outAxis;
  return {
    n: view.shape[rows]!,
    k: view.shape[1 - rows]!,
    layout: rows === 0 ? 'nk' : 'kn',
    blockSize: options.blockSize,
    mapping: options.mapping,
    ...(options.clip ? { clip: CLIP_SEARCH } : {}),
  };
}

/** Why an embedding cannot become GatherBlockQuantized; undefined when it can. */
export function refuseGather(view: WeightView, options: ResolvedOptions): string | undefined {
  const { node } = view;
  if (options.blockFormat !== 'matmulnbits') return 'no standard operator gathers blocks';
  if (node.int('axis', 0) !== 0) return 'it gathers along the columns';
  const width = view.shape[1]!;
  return width % options.blockSize === 0
    ? undefined
    : `its rows of ${width} are no whole blocks of ${options.blockSize}`;
}

/** Why a product's weight cannot be stored in blocks; undefined when it can. */
export function refuseBlocks(view: WeightView): string | undefined {
  const { node } = view;
  if (view.shape.length !== 2) return 'blocks need a weight of rank 2';
  if (view.inputIndex !== 1) return 'its weight is the left operand';
  if (node.op === 'Gemm' && node.int('transA', 0) !== 0) return 'MatMulNBits cannot transpose its input';
  if (node.domain !== '') return `${node.kind} has no blocked form`;
  return undefined;
}
