import type { Tensor } from '@gossamer/graph';
import { GossamerError } from '@gossamer/graph';
import { typedView } from '@gossamer/runtime';
import type { TrainErrorCode } from '../error-codes.js';
import type { Dataset, Numbers, SampleArray } from './dataset.js';

/** A dataset over arrays in memory, whose first axis is that of the samples. Throws ERR_TRAIN_DATA where their lengths differ. */
export function arrayDataset(arrays: Readonly<Record<string, Tensor>>): Dataset {
  const names = Object.keys(arrays);
  const length = arrays[names[0] ?? '']?.dims[0] ?? 0;
  const columns = new Map<string, { readonly data: Numbers; readonly row: number } & SampleArray>();
  for (const name of names) {
    const tensor = arrays[name]!;
    if (tensor.dims[0] !== length) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAIN_DATA',
        `${name}: expected ${length} samples, as ${names[0]} has, received ${tensor.dims[0] ?? 'a scalar'}`,
      );
    }
    const shape = tensor.dims.slice(1);
    columns.set(name, {
      dtype: tensor.dtype,
      shape,
      data: typedView(tensor) as Numbers,
      row: shape.reduce((a, b) => a * b, 1),
    });
  }
  return {
    length,
    arrays: columns,
    read(indices, into) {
      for (const [name, to] of Object.entries(into)) {
        const { data, row } = columns.get(name)!;
        copyRows(data, row, indices, to);
      }
    },
  };
}

function copyRows(data: Numbers, row: number, indices: Uint32Array, to: Numbers): void {
  if (data.constructor !== to.constructor)
    throw new Error('dataset: the batch has another element type than the samples');
  indices.forEach((index, r) => {
    // One type on both sides: checked above.
    (to as Float32Array).set((data as Float32Array).subarray(index * row, (index + 1) * row), r * row);
  });
}
