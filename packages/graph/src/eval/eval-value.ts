import { type DType, isFloat } from '../dtype.js';
import { GossamerError } from '../errors.js';
import { decodeFloat, encodeFloat, type FloatFormat } from '../ir/small-float.js';
import * as small from '../ir/small-float.js';
import { elementCount, Tensor } from '../ir/tensor.js';

/** 'float32': every result is rounded to its dtype; 'float64': every floating tensor is computed and kept in double. */
export type Precision = 'float32' | 'float64';

/** Elements that are JavaScript numbers. */
export type NumberData =
  Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
/** Elements of 64-bit integers. */
export type BigData = BigInt64Array | BigUint64Array;

/**
 * A tensor while it is computed, row-major. float32 lies in a Float32Array (Float64Array in precision 'float64'); narrower floats
 * in a Float64Array of representable values; sub-byte integers one a byte; bool as 0 and 1; 64-bit integers as bigints.
 */
export interface EvalTensor {
  readonly kind: 'tensor';
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: NumberData | BigData | string[];
}

/** A sequence of tensors or sequences. */
export interface EvalSequence {
  readonly kind: 'sequence';
  readonly items: readonly EvalValue[];
}

/** An optional that holds nothing; one that holds something is that thing. */
export interface EvalNone {
  readonly kind: 'none';
}

/** Keys (all strings, or all 64-bit integers) with scalar tensors of one dtype, as the operators of ai.onnx.ml pass them. */
export interface EvalMap {
  readonly kind: 'map';
  readonly key: 'string' | 'int64';
  readonly entries: ReadonlyMap<string | bigint, EvalTensor>;
}

/** Whatever a value may hold while a model is evaluated. */
export type EvalValue = EvalTensor | EvalSequence | EvalMap | EvalNone;

const FORMATS: Partial<Record<DType, FloatFormat>> = {
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

/** The bit format of a floating dtype narrower than float32; undefined for the others. */
export function smallFormat(dtype: DType): FloatFormat | undefined {
  return FORMATS[dtype];
}

/** A zero-filled array for `length` elements of `dtype`. */
export function makeData(dtype: DType, length: number, precision: Precision): NumberData | BigData | string[] {
  switch (dtype) {
    case 'float32':
      return precision === 'float64' ? new Float64Array(length) : new Float32Array(length);
    case 'int8':
    case 'int4':
    case 'int2':
      return new Int8Array(length);
    case 'uint8':
    case 'uint4':
    case 'uint2':
    case 'bool':
      return new Uint8Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'uint16':
      return new Uint16Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'uint32':
      return new Uint32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'uint64':
      return new BigUint64Array(length);
    case 'string':
      return new Array<string>(length).fill('');
    case 'complex64':
    case 'complex128':
      throw new GossamerError('ERR_EVAL_OP', `eval: expected real numbers, received ${dtype}`);
    default:
      return new Float64Array(length);
  }
}

/** Rounds the elements of a float16, bfloat16, float8 or float4 tensor to what their dtype can hold, in place. */
export function roundSmallFloats(tensor: EvalTensor): void {
  const format = smallFormat(tensor.dtype);
  if (!format) return;
  const data = tensor.data as Float64Array;
  // An infinity that a kernel left is meant; one the format lacks saturates.
  const infinite = format.specials === 'ieee';
  for (let i = 0; i < data.length; i++) {
    if (infinite && Math.abs(data[i]!) === Infinity) continue;
    data[i] = decodeFloat(encodeFloat(data[i]!, format), format);
  }
}

/** Decodes a tensor of the IR; the data are a copy. */
export function fromTensor(tensor: Tensor, precision: Precision): EvalTensor {
  const { dtype, dims } = tensor;
  return { kind: 'tensor', dtype, dims, data: decode(tensor, precision) };
}

function decode(tensor: Tensor, precision: Precision): EvalTensor['data'] {
  const { dtype } = tensor;
  if (dtype === 'float32') return precision === 'float64' ? tensor.toFloat64() : tensor.toFloat32();
  if (isFloat(dtype)) return tensor.toFloat64();
  if (dtype === 'string') return tensor.strings().map((bytes) => new TextDecoder().decode(bytes));
  // Any byte but 0 is true.
  if (dtype === 'bool') return Uint8Array.from(tensor.bytes(), (byte) => (byte === 0 ? 0 : 1));
  // A copy: raw data may start at any byte.
  if (dtype === 'int64') return new BigInt64Array(tensor.bytes().slice().buffer);
  if (dtype === 'uint64') return new BigUint64Array(tensor.bytes().slice().buffer);
  const data = makeData(dtype, tensor.length, precision) as NumberData;
  data.set(tensor.toFloat64());
  return data;
}

/**
 * A tensor of the IR over what was computed (float32 and 64-bit data are shared, not copied). In precision 'float64' every
 * floating tensor becomes a float64 one, so that nothing computed is lost.
 */
export function toTensor(value: EvalTensor, precision: Precision): Tensor {
  const { dtype, dims, data } = value;
  if (precision === 'float64' && isFloat(dtype)) return Tensor.of('float64', dims, data as Float64Array);
  if (Array.isArray(data)) {
    return Tensor.ofStrings(
      dims,
      data.map((text) => new TextEncoder().encode(text)),
    );
  }
  if (dtype === 'float8e5m2') return Tensor.of(dtype, dims, Uint8Array.from(data as Float64Array, codeOfE5m2));
  if (smallFormat(dtype) || /^u?int[24]$/.test(dtype)) return Tensor.fromNumbers(dtype, dims, data as NumberData);
  // A power of two each: the code is the biased exponent, 255 is NaN.
  if (dtype === 'float8e8m0') {
    const codes = Array.from(data as Float64Array, (x) => (Number.isNaN(x) ? 255 : Math.log2(x) + 127));
    return Tensor.of(dtype, dims, Uint8Array.from(codes));
  }
  return Tensor.of(dtype, dims, data);
}

/** Infinities too, which `encodeFloat` saturates as Cast does. */
const codeOfE5m2 = (x: number) => (Math.abs(x) === Infinity ? (x < 0 ? 0xfc : 0x7c) : encodeFloat(x, small.FLOAT8E5M2));

/** Elements of a tensor: the product of its dims. */
export function sizeOf(tensor: EvalTensor): number {
  return elementCount(tensor.dims);
}
