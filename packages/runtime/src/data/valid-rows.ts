import type { Tensor } from '@gossamer/graph';
import { sliceRows } from '../session/tensor-view.js';
import type { Batch } from './data-source.js';

/** What a batch's `count` and `rows` say about `tensor`: without the rows that only fill it up, if its first axis is the batch. */
export function validRows(tensor: Tensor, { count, rows }: Pick<Batch, 'count' | 'rows'>): Tensor {
  return rows !== undefined && rows > count && tensor.dims[0] === rows ? sliceRows(tensor, 0, count) : tensor;
}
