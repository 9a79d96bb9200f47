import { type DType, dtypeBits, dtypeByteLength, dtypeFromCode } from '../dtype.js';
import { GossamerError } from '../errors.js';
import { elementCount, Tensor, type TensorStorage } from '../ir/tensor.js';
import { packCodes } from '../ir/tensor-codec.js';
import type { SparseTensor } from '../ir/value.js';
import type { ByteRange } from '../wire/byte-source.js';
import type { ExternalData } from '../wire/external-data.js';
import { isExternal } from '../wire/external-reference.js';
import type { WireMessage } from '../wire/wire-message.js';
import { checkSparseIndices, checkSparseShape } from './check-sparse.js';
import { SPARSE, TENSOR } from './fields.js';
import { checkDims } from './read-limits.js';

/** Reads a TensorProto lazily: no data is touched here but string elements. */
export function readTensor(message: WireMessage, external: ExternalData): Tensor {
  checkDims(message.numbers(TENSOR.dims), 'tensor');
  const dims = message.safeInts(TENSOR.dims);
  const code = message.safeInt(TENSOR.data_type) ?? 0;
  const dtype = dtypeFromCode(code);
  const label = `tensor ${message.string(TENSOR.name) ?? ''}`;
  if (!dtype) throw new GossamerError('ERR_DTYPE', `${label}: expected a known data type, received ${code}`);
  if (message.has(TENSOR.segment)) {
    throw new GossamerError('ERR_TENSOR_DATA', `${label}: expected a whole tensor, received a segment`);
  }
  const count = elementCount(dims);
  if (dtype === 'string') {
    const raw = message.range(TENSOR.raw_data);
    if (raw && raw.end > raw.start) {
      throw new GossamerError('ERR_TENSOR_DATA', `${label}: expected string_data, received raw_data`);
    }
    return Tensor.ofStrings(dims, message.bytesList(TENSOR.string_data), message);
  }
  const byteLength = dtypeByteLength(dtype, count);
  if (isExternal(message))
    return Tensor.fromStorage(dtype, dims, rangeStorage(external.resolve(message, byteLength)), message);
  const raw = message.range(TENSOR.raw_data);
  if (raw) return Tensor.fromStorage(dtype, dims, rangeStorage(raw), message);
  return Tensor.fromStorage(dtype, dims, typedStorage(message, dtype, byteLength, label), message);
}

function rangeStorage({ source, start: base, end }: ByteRange): TensorStorage {
  return {
    byteLength: end - base,
    read: (from, to) => source.read(base + from, base + to),
    ...(source.isResident ? {} : { readInto: (from, target) => source.readInto(base + from, target) }),
  };
}

/** Data in typed fields (float_data, int32_data, ...): decoded and checked when first read, then kept. */
function typedStorage(message: WireMessage, dtype: DType, byteLength: number, label: string): TensorStorage {
  let bytes: Uint8Array | undefined;
  const decode = () => {
    bytes ??= decodeTyped(message, dtype, label);
    if (bytes.byteLength === byteLength) return bytes;
    throw new GossamerError('ERR_TENSOR_DATA', `${label}: expected ${byteLength} bytes, received ${bytes.byteLength}`);
  };
  return { byteLength, read: (start, end) => decode().subarray(start, end) };
}

function decodeTyped(message: WireMessage, dtype: DType, label: string): Uint8Array {
  const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (dtype === 'float32' || dtype === 'complex64') return bytesOf(message.floats(TENSOR.float_data));
  if (dtype === 'float64' || dtype === 'complex128') return bytesOf(message.numbers(TENSOR.double_data).toFloat64());
  if (dtype === 'int64') return bytesOf(message.numbers(TENSOR.int64_data).toInt64());
  if (dtype === 'uint64') return bytesOf(message.numbers(TENSOR.uint64_data).toUint64());
  if (dtype === 'uint32') {
    const wide = message.numbers(TENSOR.uint64_data).toUint64();
    checkBits(wide, 32, label);
    return bytesOf(Uint32Array.from(wide, Number));
  }
  const values = message.numbers(TENSOR.int32_data).toInt32();
  if (dtype === 'int32') return bytesOf(values);
  if (dtypeBits(dtype) === 6) return packSixBits(values, label);
  // One element of 16 or 8 bits, or one byte of packed smaller ones: typed-array stores wrap, which keeps exactly the bits.
  const bits = dtypeBits(dtype) === 16 ? 16 : 8;
  checkBits(values, bits, label);
  return bytesOf(bits === 16 ? Uint16Array.from(values) : Uint8Array.from(values));
}

/** Types of 6 bits have one element an entry here, unlike those of 4 and 2. */
function packSixBits(values: Int32Array, label: string): Uint8Array {
  const wrong = values.find((value) => value < 0 || value > 63);
  if (wrong === undefined) return packCodes(values, 6);
  throw new GossamerError('ERR_INT_RANGE', `${label}: expected elements of 6 bits, received ${wrong}`);
}

/** Throws ERR_INT_RANGE where a value has more than `bits` bits, signed or not: readers differ in what they make of it. */
function checkBits(values: Iterable<number | bigint>, bits: number, label: string): void {
  for (const value of values) {
    if (value >= -(2 ** (bits - 1)) && value < 2 ** bits) continue;
    throw new GossamerError('ERR_INT_RANGE', `${label}: expected elements of ${bits} bits, received ${value}`);
  }
}

/** Reads a SparseTensorProto; with `checksIndices` also its indices, which must be in order and within the shape. */
export function readSparseTensor(
  message: WireMessage,
  { external, checksIndices }: { readonly external: ExternalData; readonly checksIndices: boolean },
): SparseTensor {
  const values = message.message(SPARSE.values);
  const indices = message.message(SPARSE.indices);
  if (!values || !indices) {
    throw new GossamerError('ERR_TENSOR_DATA', 'sparse tensor: expected values and indices, received one of them');
  }
  checkDims(message.numbers(SPARSE.dims), 'sparse tensor');
  const dims = message.safeInts(SPARSE.dims);
  elementCount(dims);
  const sparse = { dims, values: readTensor(values, external), indices: readTensor(indices, external) };
  checkSparseShape(sparse);
  if (checksIndices) checkSparseIndices(sparse);
  return sparse;
}
