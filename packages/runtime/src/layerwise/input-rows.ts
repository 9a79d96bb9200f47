import type { WeightView } from '@gossamer/graph';
import { convRows, transposedConvRows } from './conv-rows.js';
import { linearRows, recurrentRows } from './linear-rows.js';
import type { RowReader } from './row-reader.js';

/**
 * How the layer of `view` takes the vectors that the matrices of its weight (see toWeightMatrix) multiply, columns in that order; undefined for
 * embeddings, which look rows up, for the recurrent weight of a recurrent layer, whose vectors are no input, and for unknown operators.
 */
export function rowReader(view: WeightView): RowReader | undefined {
  if (view.role !== 'weight') return undefined;
  switch (view.op) {
    case 'Conv':
    case 'FusedConv':
      return convRows(view);
    case 'ConvTranspose':
      return transposedConvRows(view);
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      return recurrentRows(view);
    case 'MatMul':
    case 'Gemm':
    case 'FusedMatMul':
    case 'FusedGemm':
    case 'Attention':
      return linearRows(view);
    default:
      return undefined;
  }
}
