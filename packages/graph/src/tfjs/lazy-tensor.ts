import { type DType, dtypeByteLength } from '../dtype.js';
import { elementCount, Tensor } from '../ir/tensor.js';

/** A tensor whose bytes are computed when asked for and kept only as long as somebody else holds them. */
export function lazyTensor(dtype: DType, dims: readonly number[], compute: () => ArrayBufferView): Tensor {
  let last: WeakRef<Uint8Array> | undefined;
  const bytes = (): Uint8Array => {
    const kept = last?.deref();
    if (kept) return kept;
    const { buffer, byteOffset, byteLength } = compute();
    const made = new Uint8Array(buffer, byteOffset, byteLength);
    last = new WeakRef(made);
    return made;
  };
  return Tensor.fromStorage(dtype, dims, {
    byteLength: dtypeByteLength(dtype, elementCount(dims)),
    read: (start, end) => bytes().subarray(start, end),
  });
}

/** `tensor` with axis i of the result being axis order[i] of the input; computed when read. Elements of 1, 2, 4 or 8 bytes. */
export function permuted(tensor: Tensor, order: readonly number[]): Tensor {
  const dims = order.map((axis) => tensor.dims[axis]!);
  const moving = order.filter((axis) => tensor.dims[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || moving[i - 1]! < axis)) return tensor.reshaped(dims);
  return lazyTensor(tensor.dtype, dims, () => permuteElements(tensor, order, dims));
}

function permuteElements(tensor: Tensor, order: readonly number[], dims: readonly number[]): Uint8Array {
  const source = tensor.bytes();
  const width = tensor.length === 0 ? 0 : source.byteLength / tensor.length;
  const strides = tensor.dims.map((_, axis) => elementCount(tensor.dims.slice(axis + 1)) * width);
  const steps = order.map((axis) => strides[axis]!);
  const out = new Uint8Array(source.byteLength);
  const index = dims.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to += width) {
    for (let i = 0; i < width; i++) out[to + i] = source[from + i]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      from -= steps[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
