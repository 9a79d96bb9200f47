import { createHash } from 'node:crypto';
import { type DType, dtypeByteLength } from '../dtype.js';
import { GossamerError } from '../errors.js';
import type { WireMessage } from '../wire/wire-message.js';
import { decodeFloat32, decodeFloat64, decodeIntegers, encodeNumbers } from './tensor-codec.js';

/** Where a tensor's bytes are: memory, a range of the model file, typed protobuf fields, an external file. */
export interface TensorStorage {
  /** Bytes in ONNX raw layout (little-endian, sub-byte elements packed low bits first). */
  readonly byteLength: number;
  /** Bytes [start, end) of the raw layout; a view or a copy, not to be written to. Reads lazily, keeps nothing. */
  read(start: number, end: number): Uint8Array;
  /** Fills `target` with the bytes from `start` on. Only where `read` reads them from a file every time. */
  readInto?(start: number, target: Uint8Array): void;
}

/** Typed arrays a tensor can be made from. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

class MemoryStorage implements TensorStorage {
  constructor(private readonly bytes: Uint8Array) {}
  get byteLength(): number {
    return this.bytes.byteLength;
  }
  read(start: number, end: number): Uint8Array {
    return this.bytes.subarray(start, end);
  }
}

/**
 * An immutable n-dimensional array in ONNX raw layout, row-major. Its bytes may lie in a file: they are read when asked for and
 * not kept, so a model may exceed memory. Methods that edit a weight make a new Tensor.
 */
export class Tensor {
  /** Elements: the product of `dims` (1 for rank 0). */
  readonly length: number;
  #hash: string | undefined;

  private constructor(
    readonly dtype: DType,
    readonly dims: readonly number[],
    private readonly storage: TensorStorage | readonly Uint8Array[],
    /** The TensorProto this tensor was read from; written back byte for byte while the tensor is in use. */
    readonly origin: WireMessage | undefined,
  ) {
    this.length = elementCount(dims);
  }

  /** A tensor over `data`, which is not copied and must not change afterwards. Sub-byte types take packed Uint8Array bytes. */
  static of(dtype: DType, dims: readonly number[], data: TensorData): Tensor {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return Tensor.fromStorage(dtype, dims, new MemoryStorage(bytes));
  }

  /** A tensor of numbers, rounded to `dtype` (half to even for floats); integers must fit (ERR_TENSOR_RANGE), and be as many as dims say (ERR_TENSOR_DATA). */
  static fromNumbers(dtype: DType, dims: readonly number[], values: ArrayLike<number | bigint>): Tensor {
    const length = elementCount(dims);
    if (values.length !== length) {
      throw new GossamerError('ERR_TENSOR_DATA', `tensor: expected ${length} numbers, received ${values.length}`);
    }
    return Tensor.fromStorage(dtype, dims, new MemoryStorage(encodeNumbers(dtype, values)));
  }

  /** A rank-0 tensor. */
  static scalar(dtype: DType, value: number | bigint): Tensor {
    return Tensor.fromNumbers(dtype, [], [value]);
  }

  /** A string tensor; elements are UTF-8 bytes. */
  static ofStrings(dims: readonly number[], elements: readonly Uint8Array[], origin?: WireMessage): Tensor {
    const tensor = new Tensor('string', [...dims], elements, origin);
    if (elements.length !== tensor.length) {
      throw new GossamerError(
        'ERR_TENSOR_DATA',
        `tensor: expected ${tensor.length} strings, received ${elements.length}`,
      );
    }
    return tensor;
  }

  /** A tensor over lazily read storage; throws ERR_TENSOR_DATA when the byte length does not fit dims and dtype. */
  static fromStorage(dtype: DType, dims: readonly number[], storage: TensorStorage, origin?: WireMessage): Tensor {
    const tensor = new Tensor(dtype, [...dims], storage, origin);
    const expected = dtypeByteLength(dtype, tensor.length);
    if (storage.byteLength !== expected) {
      throw new GossamerError(
        'ERR_TENSOR_DATA',
        `tensor ${dtype}[${dims.join(',')}]: expected ${expected} bytes, received ${storage.byteLength}`,
      );
    }
    return tensor;
  }

  /** Bytes in raw layout; for strings the sum of their lengths. */
  get byteLength(): number {
    return isStrings(this.storage)
      ? this.storage.reduce((sum, element) => sum + element.length, 0)
      : this.storage.byteLength;
  }

  /** The raw bytes [start, end): a view where the tensor is in memory, else a fresh read. Never write to them. */
  bytes(start = 0, end = this.byteLength): Uint8Array {
    if (isStrings(this.storage)) throw new GossamerError('ERR_DTYPE', 'tensor: expected numbers, received strings');
    const bytes = this.storage.read(start, end);
    // A Buffer's slice() is a view, a Uint8Array's a copy: callers must not have to know which they hold.
    return Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
  }

  /** True where every call of `bytes` reads a file. */
  get isInFile(): boolean {
    return !isStrings(this.storage) && this.storage.readInto !== undefined;
  }

  /** Fills `target` with the raw bytes from `start` on; throws ERR_TENSOR_DATA beyond the end. Takes no memory for a tensor in a file. */
  copyInto(target: Uint8Array, start = 0): void {
    if (isStrings(this.storage)) throw new GossamerError('ERR_DTYPE', 'tensor: expected numbers, received strings');
    const end = start + target.byteLength;
    if (!(start >= 0 && end <= this.byteLength)) {
      throw new GossamerError(
        'ERR_TENSOR_DATA',
        `copyInto: expected a range within ${this.byteLength} bytes, received [${start}, ${end})`,
      );
    }
    if (this.storage.readInto) this.storage.readInto(start, target);
    else target.set(this.storage.read(start, end));
  }

  /** The elements of a string tensor. */
  strings(): readonly Uint8Array[] {
    if (!isStrings(this.storage))
      throw new GossamerError('ERR_DTYPE', `tensor: expected strings, received ${this.dtype}`);
    return this.storage;
  }

  /** All elements as float32 (a fresh array; 64-bit values are rounded). */
  toFloat32(): Float32Array {
    if (this.dtype === 'float32') {
      // Read in place: a large tensor of a file is in memory once.
      const values = new Float32Array(this.length);
      this.copyInto(new Uint8Array(values.buffer));
      return values;
    }
    return decodeFloat32(this.dtype, this.bytes(), this.length);
  }

  /** All elements as float64 (a fresh array; exact for every type but 64-bit integers beyond 2^53). */
  toFloat64(): Float64Array {
    return decodeFloat64(this.dtype, this.bytes(), this.length);
  }

  /** All elements of an integer or bool tensor as numbers; throws ERR_INT_RANGE beyond 2^53. */
  toIntegers(): number[] {
    return decodeIntegers(this.dtype, this.bytes(), this.length);
  }

  /** The single element of a one-element tensor as a number. */
  item(): number {
    if (this.length !== 1)
      throw new GossamerError('ERR_TENSOR_SHAPE', `tensor: expected 1 element, received ${this.length}`);
    return this.toFloat64()[0]!;
  }

  /** The same data under other dims (equal element count). */
  reshaped(dims: readonly number[]): Tensor {
    if (isStrings(this.storage)) return Tensor.ofStrings(dims, this.storage);
    return Tensor.fromStorage(this.dtype, dims, this.storage);
  }

  /** SHA-256 over dtype, dims and data, cached; reads in 4 MiB pieces. Equal tensors have equal hashes whatever their storage. */
  hash(): string {
    this.#hash ??= this.computeHash();
    return this.#hash;
  }

  private computeHash(): string {
    const sha = createHash('sha256').update(`${this.dtype}[${this.dims.join(',')}]`);
    if (isStrings(this.storage)) {
      for (const element of this.storage) sha.update(`${element.length}:`).update(element);
      return sha.digest('hex');
    }
    const piece = 4 << 20;
    for (let at = 0; at < this.byteLength; at += piece) {
      sha.update(this.storage.read(at, Math.min(at + piece, this.byteLength)));
    }
    return sha.digest('hex');
  }
}

function isStrings(storage: TensorStorage | readonly Uint8Array[]): storage is readonly Uint8Array[] {
  return Array.isArray(storage);
}

/** Product of dims; throws ERR_TENSOR_SHAPE unless each is a non-negative safe integer and so is the product. */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) {
    if (!(Number.isSafeInteger(dim) && dim >= 0)) {
      throw new GossamerError(
        'ERR_TENSOR_SHAPE',
        `dims: expected integers in [0, 2^53), received [${dims.join(', ')}]`,
      );
    }
  }
  if (dims.includes(0)) return 0;
  for (const dim of dims) {
    count *= dim;
    if (!Number.isSafeInteger(count)) {
      throw new GossamerError('ERR_TENSOR_SHAPE', `dims: expected a product < 2^53, received [${dims.join(', ')}]`);
    }
  }
  return count;
}
