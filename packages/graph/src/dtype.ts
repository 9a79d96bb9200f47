import { GossamerError } from './errors.js';

/** Element types of the ONNX standard (TensorProto.DataType), by the names this project uses. */
const TABLE = [
  // name, ONNX code, bits of one element (0: variable length)
  ['float32', 1, 32],
  ['uint8', 2, 8],
  ['int8', 3, 8],
  ['uint16', 4, 16],
  ['int16', 5, 16],
  ['int32', 6, 32],
  ['int64', 7, 64],
  ['string', 8, 0],
  ['bool', 9, 8],
  ['float16', 10, 16],
  ['float64', 11, 64],
  ['uint32', 12, 32],
  ['uint64', 13, 64],
  ['complex64', 14, 64],
  ['complex128', 15, 128],
  ['bfloat16', 16, 16],
  ['float8e4m3fn', 17, 8],
  ['float8e4m3fnuz', 18, 8],
  ['float8e5m2', 19, 8],
  ['float8e5m2fnuz', 20, 8],
  ['uint4', 21, 4],
  ['int4', 22, 4],
  ['float4e2m1', 23, 4],
  ['float8e8m0', 24, 8],
  ['uint2', 25, 2],
  ['int2', 26, 2],
  ['float6e2m3', 27, 6],
  ['float6e3m2', 28, 6],
] as const;

/** The name of an element type. */
export type DType = (typeof TABLE)[number][0];

const CODE_OF = new Map<DType, number>(TABLE.map(([name, code]) => [name, code]));
const NAME_OF = new Map<number, DType>(TABLE.map(([name, code]) => [code, name]));
const BITS_OF = new Map<DType, number>(TABLE.map(([name, , bits]) => [name, bits]));

/** ONNX code of `dtype` (TensorProto.DataType). */
export function dtypeCode(dtype: DType): number {
  return CODE_OF.get(dtype)!;
}

/** The dtype of an ONNX code, or undefined for a code this version does not know (and for 0, UNDEFINED). */
export function dtypeFromCode(code: number): DType | undefined {
  return NAME_OF.get(code);
}

/** Bits of one stored element: 2, 4 and 6 for the sub-byte types, 0 for strings. */
export function dtypeBits(dtype: DType): number {
  return BITS_OF.get(dtype)!;
}

/** Bytes that `count` elements occupy in ONNX raw layout (sub-byte elements packed, low bits first, the tail padded; those of 6 bits go on in the next byte). */
export function dtypeByteLength(dtype: DType, count: number): number {
  const bits = dtypeBits(dtype);
  if (bits === 0) throw new GossamerError('ERR_DTYPE', `dtype: expected a fixed-size type, received ${dtype}`);
  const byteLength = Math.ceil((count * bits) / 8);
  if (!Number.isSafeInteger(byteLength)) {
    throw new GossamerError('ERR_TENSOR_SIZE', `tensor: expected at most 2^53 bytes, received ${count} x ${dtype}`);
  }
  return byteLength;
}

/** True for the real floating types, of any width. */
export function isFloat(dtype: DType): boolean {
  return dtype.startsWith('float') || dtype === 'bfloat16';
}

/** True for the integer types, signed or not, of any width (bool is not one). */
export function isInteger(dtype: DType): boolean {
  return /^u?int/.test(dtype);
}

/** Accepts a name from outside (options, files); throws ERR_DTYPE naming the choices. */
export function parseDType(name: string): DType {
  if (CODE_OF.has(name as DType)) return name as DType;
  throw new GossamerError('ERR_DTYPE', `dtype: expected one of ${[...CODE_OF.keys()].join(', ')}, received ${name}`);
}
