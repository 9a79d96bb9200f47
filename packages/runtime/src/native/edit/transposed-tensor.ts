import { Tensor } from '@gossamer/graph';

/** The same elements in another order of axes: axis i of the result is axis perm[i]. */
export function transposedTensor(tensor: Tensor, perm: readonly number[]): Tensor {
  const { dims } = tensor;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const newDims = perm.map((axis) => dims[axis]!);
  const size = tensor.byteLength / Math.max(tensor.length, 1);
  const from = tensor.bytes();
  const to = new Uint8Array(from.length);
  const index = new Array<number>(newDims.length).fill(0);
  const steps = perm.map((axis) => strides[axis]!);
  let at = 0;
  for (let i = 0; i < tensor.length; i++) {
    for (let byte = 0; byte < size; byte++) to[i * size + byte] = from[at * size + byte]!;
    for (let axis = newDims.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      at += steps[axis]!;
      if (index[axis]! < newDims[axis]!) break;
      at -= index[axis]! * steps[axis]!;
      index[axis] = 0;
    }
  }
  return Tensor.of(tensor.dtype, newDims, to);
}
