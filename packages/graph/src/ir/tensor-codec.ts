import { type DType, dtypeBits, isInteger } from '../dtype.js';
import { GossamerError } from '../errors.js';
import * as small from './small-float.js';

const FORMATS: Partial<Record<DType, small.FloatFormat>> = {
  float16: small.FLOAT16,
  bfloat16: small.BFLOAT16,
  float8e4m3fn: small.FLOAT8E4M3FN,
  float8e4m3fnuz: small.FLOAT8E4M3FNUZ,
  float8e5m2: small.FLOAT8E5M2,
  float8e5m2fnuz: small.FLOAT8E5M2FNUZ,
  float4e2m1: small.FLOAT4E2M1,
  float6e2m3: small.FLOAT6E2M3,
  float6e3m2: small.FLOAT6E3M2,
};

/** An aligned copy, since raw data starts at any byte. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  // Not bytes.slice(): a Buffer's slice is a view.
  return new Uint8Array(bytes).buffer;
}

/** Sub-byte codes, one a byte, unsigned, low bits first. */
function unpackCodes(bytes: Uint8Array, length: number, bits: number): Uint8Array {
  const codes = new Uint8Array(length);
  const mask = 2 ** bits - 1;
  for (let i = 0; i < length; i++) {
    const at = Math.floor((i * bits) / 8);
    // Codes of 6 bits may go on in the next byte; the last byte has none.
    const word = bytes[at]! | ((bytes[at + 1] ?? 0) << 8);
    codes[i] = (word >> ((i * bits) % 8)) & mask;
  }
  return codes;
}

function signExtend(codes: Uint8Array, bits: number): Int8Array {
  return Int8Array.from(codes, (code) => (code >= 2 ** (bits - 1) ? code - 2 ** bits : code));
}

type NumberArray =
  Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** Elements as the nearest JavaScript array, with small floats as codes; undefined for 64-bit integers, strings and complex. */
function elements(dtype: DType, bytes: Uint8Array, length: number): NumberArray | BigInt64Array | BigUint64Array {
  switch (dtype) {
    case 'float32':
      return new Float32Array(aligned(bytes));
    case 'float64':
      return new Float64Array(aligned(bytes));
    case 'int8':
      return new Int8Array(aligned(bytes));
    case 'int16':
      return new Int16Array(aligned(bytes));
    case 'uint16':
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(aligned(bytes));
    case 'int32':
      return new Int32Array(aligned(bytes));
    case 'uint32':
      return new Uint32Array(aligned(bytes));
    case 'int64':
      return new BigInt64Array(aligned(bytes));
    case 'uint64':
      return new BigUint64Array(aligned(bytes));
    case 'int4':
    case 'int2':
      return signExtend(unpackCodes(bytes, length, dtypeBits(dtype)), dtypeBits(dtype));
    case 'uint4':
    case 'uint2':
    case 'float4e2m1':
    case 'float6e2m3':
    case 'float6e3m2':
      return unpackCodes(bytes, length, dtypeBits(dtype));
    case 'string':
    case 'complex64':
    case 'complex128':
      throw new GossamerError('ERR_DTYPE', `tensor: expected real numbers, received ${dtype}`);
    default:
      return new Uint8Array(bytes);
  }
}

/** Raw bytes of any other type to float32. */
export function decodeFloat32(dtype: DType, bytes: Uint8Array, length: number): Float32Array {
  if (dtype === 'bfloat16') {
    const codes = elements(dtype, bytes, length) as Uint16Array;
    return new Float32Array(Uint32Array.from(codes, (code) => code * 65536).buffer);
  }
  return Float32Array.from(decodeFloat64(dtype, bytes, length));
}

/** Raw bytes to float64. */
export function decodeFloat64(dtype: DType, bytes: Uint8Array, length: number): Float64Array {
  const raw = elements(dtype, bytes, length);
  if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) {
    return Float64Array.from({ length }, (_, i) => Number(raw[i]));
  }
  if (dtype === 'float8e8m0') return Float64Array.from(raw, (code) => (code === 255 ? NaN : 2 ** (code - 127)));
  const format = FORMATS[dtype];
  if (!format) return Float64Array.from(raw);
  // At most 65,536 codes: a table makes large tensors cost one load an element.
  if (length < 4096) return Float64Array.from(raw, (code) => small.decodeFloat(code, format));
  const table = Float64Array.from({ length: 2 ** dtypeBits(dtype) }, (_, code) => small.decodeFloat(code, format));
  return Float64Array.from(raw, (code) => table[code]!);
}

/** Raw bytes of an integer or bool tensor to numbers. */
export function decodeIntegers(dtype: DType, bytes: Uint8Array, length: number): number[] {
  if (!isInteger(dtype) && dtype !== 'bool') {
    throw new GossamerError('ERR_DTYPE', `tensor: expected integers, received ${dtype}`);
  }
  return Array.from(elements(dtype, bytes, length) as ArrayLike<number | bigint>, (value) => {
    const integer = Number(value);
    if (!Number.isSafeInteger(integer)) {
      throw new GossamerError('ERR_INT_RANGE', `integer: expected |value| < 2^53, received ${value}`);
    }
    return integer;
  });
}

function bounds(dtype: DType): [bigint, bigint] {
  const bits = BigInt(dtypeBits(dtype));
  return dtype.startsWith('u') ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

function toInteger(dtype: DType, value: number | bigint, low: bigint, high: bigint): bigint {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    throw new GossamerError('ERR_TENSOR_RANGE', `${dtype}: expected an integer, received ${value}`);
  }
  const integer = BigInt(value);
  if (integer < low || integer > high) {
    throw new GossamerError('ERR_TENSOR_RANGE', `${dtype}: expected a value in [${low}, ${high}], received ${value}`);
  }
  return integer;
}

/** Codes of 2, 4 or 6 bits as one stream of bits, low ones first; the last byte is filled with zeros. */
export function packCodes(codes: ArrayLike<number>, bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  const mask = 2 ** bits - 1;
  for (let i = 0; i < codes.length; i++) {
    const at = Math.floor((i * bits) / 8);
    const word = (codes[i]! & mask) << ((i * bits) % 8);
    bytes[at]! |= word & 255;
    if (word > 255) bytes[at + 1]! |= word >> 8;
  }
  return bytes;
}

/** Typed arrays of numbers as they are, which others are made from at once; of anything else an array of numbers. */
function plainNumbers(values: ArrayLike<number | bigint>): ArrayLike<number> {
  const isBig = values instanceof BigInt64Array || values instanceof BigUint64Array;
  return ArrayBuffer.isView(values) && !isBig ? (values as ArrayLike<number>) : Array.from(values, Number);
}

/** Numbers to raw bytes of `dtype`; integers out of range throw ERR_TENSOR_RANGE, floats round half to even. */
export function encodeNumbers(dtype: DType, values: ArrayLike<number | bigint>): Uint8Array {
  if (dtype === 'bool') return Uint8Array.from(Array.from(values), (value) => (Number(value) === 0 ? 0 : 1));
  if (isInteger(dtype)) {
    const [low, high] = bounds(dtype);
    const integers = Array.from(values, (value) => toInteger(dtype, value, low, high));
    if (dtype === 'int64') return new Uint8Array(BigInt64Array.from(integers).buffer);
    if (dtype === 'uint64') return new Uint8Array(BigUint64Array.from(integers).buffer);
    const numbers = integers.map(Number);
    const bits = dtypeBits(dtype);
    if (bits < 8) return packCodes(numbers, bits);
    if (bits === 8) return Uint8Array.from(numbers);
    return new Uint8Array(bits === 16 ? Uint16Array.from(numbers).buffer : Uint32Array.from(numbers).buffer);
  }
  if (dtype === 'float32') return new Uint8Array(new Float32Array(plainNumbers(values)).buffer);
  if (dtype === 'float64') return new Uint8Array(new Float64Array(plainNumbers(values)).buffer);
  const format = FORMATS[dtype];
  if (!format) throw new GossamerError('ERR_DTYPE', `tensor: expected a type numbers convert to, received ${dtype}`);
  const numbers = Array.from(values, Number);
  const codes = numbers.map((value) => small.encodeFloat(value, format));
  const bits = dtypeBits(dtype);
  if (bits < 8) return packCodes(codes, bits);
  return bits === 8 ? Uint8Array.from(codes) : new Uint8Array(Uint16Array.from(codes).buffer);
}
