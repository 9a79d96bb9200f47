import { type DType, Tensor, type TensorData } from '@gossamer/graph';

type ArrayType = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorData;
  readonly BYTES_PER_ELEMENT: number;
};

const ARRAYS: Partial<Record<DType, ArrayType>> = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
};

/**
 * The elements of a tensor as a typed array: a view where its bytes are in memory and aligned, else a copy. Never write to it.
 * float16 and bfloat16 come as Uint16Array codes, bool as Uint8Array; types without such an array (sub-byte, 8-bit floats) as bytes.
 */
export function typedView(tensor: Tensor): TensorData {
  const Type = ARRAYS[tensor.dtype] ?? Uint8Array;
  const length = ARRAYS[tensor.dtype] ? tensor.length : tensor.byteLength;
  let bytes = tensor.bytes();
  if (bytes.byteOffset % Type.BYTES_PER_ELEMENT !== 0) bytes = bytes.slice();
  return new Type(bytes.buffer, bytes.byteOffset, length);
}

/** The elements of a numeric tensor as float32: a view of a float32 tensor (see typedView), else a converted copy. */
export function float32View(tensor: Tensor): Float32Array {
  return tensor.dtype === 'float32' ? (typedView(tensor) as Float32Array) : tensor.toFloat32();
}

/** Rows [start, end) along the first axis, without a copy where the tensor is in memory. */
export function sliceRows(tensor: Tensor, start: number, end: number): Tensor {
  const [rows = 0, ...rest] = tensor.dims;
  const dims = [end - start, ...rest];
  if (tensor.dtype === 'string') {
    const width = rows === 0 ? 0 : tensor.length / rows;
    return Tensor.ofStrings(dims, tensor.strings().slice(start * width, end * width));
  }
  const rowBytes = rows === 0 ? 0 : tensor.byteLength / rows;
  const base = start * rowBytes;
  return Tensor.fromStorage(tensor.dtype, dims, {
    byteLength: (end - start) * rowBytes,
    read: (from, to) => tensor.bytes(base + from, base + to),
  });
}
