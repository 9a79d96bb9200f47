import { type DType, dtypeByteLength } from '../dtype.js';
import { elementCount, Tensor } from '../ir/tensor.js';
import { permute } from '../weights/rearrange.js';

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
  return lazyTensor(tensor.dtype, dims, () => permuteElements(tensor, order));
}

/** Elements are moved as whole words, or byte by byte: the parts of an element are a last axis that stays. */
function permuteElements(tensor: Tensor, order: readonly number[]): Int32Array | Uint8Array {
  const bytes = tensor.bytes();
  const width = tensor.length === 0 ? 1 : bytes.byteLength / tensor.length;
  const isWords = width % 4 === 0;
  const parts = isWords ? width / 4 : width;
  const shape = parts === 1 ? tensor.dims : [...tensor.dims, parts];
  const whole = parts === 1 ? order : [...order, order.length];
  if (!isWords) return permute(bytes, shape, whole);
  // A shard may hold a weight at any byte; an array of words begins at a multiple of 4.
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return permute(new Int32Array(buffer, byteOffset, bytes.byteLength / 4), shape, whole);
}
