import { GossamerError } from '@gossamer/graph';
import { runCall } from './native-call.js';
import { requireArray, requireInteger, requireLength } from './require-array.js';

type Bytes = Int8Array | Uint8Array;
type UnpackedOf<D extends string> = D extends `u${string}` ? Uint8Array : Int8Array;

function pack(codes: Bytes, bits: 2 | 4, out?: Uint8Array): Uint8Array {
  requireArray('codes', codes, 'Int8Array', 'Uint8Array');
  const packed = out ?? new Uint8Array(Math.ceil((codes.length * bits) / 8));
  requireArray('out', packed, 'Uint8Array');
  return runCall({ operation: 'packBits', args: [codes, bits, packed], finish: () => packed });
}

function unpack<D extends string>(
  packed: Uint8Array,
  length: number,
  bits: 2 | 4,
  dtype: D,
  out?: UnpackedOf<D>,
): UnpackedOf<D> {
  requireArray('packed', packed, 'Uint8Array');
  requireInteger('length', length, 0);
  if (dtype !== `int${bits}` && dtype !== `uint${bits}`) {
    throw new GossamerError('ERR_BAD_OPTION', `dtype: expected int${bits} or uint${bits}, received ${String(dtype)}`);
  }
  requireLength('packed', packed, Math.ceil((length * bits) / 8));
  const isSigned = dtype.startsWith('i');
  const codes = out ?? ((isSigned ? new Int8Array(length) : new Uint8Array(length)) as UnpackedOf<D>);
  requireArray('out', codes, isSigned ? 'Int8Array' : 'Uint8Array');
  const args = [packed, length, bits, isSigned, codes] as const;
  return runCall({ operation: 'unpackBits', args: [...args], finish: () => codes });
}

/**
 * Packs codes two a byte, the even element in the low half (ONNX int4 and uint4): the low 4 bits of each code.
 *
 * `out`: ceil(length / 2) bytes; the unused half of the last is 0. Default: new.
 */
export function packInt4(codes: Bytes, out?: Uint8Array): Uint8Array {
  return pack(codes, 4, out);
}

/** The inverse of `packInt4`: `length` codes, sign-extended for int4. */
export function unpackInt4<D extends 'int4' | 'uint4'>(
  packed: Uint8Array,
  length: number,
  dtype: D,
  out?: UnpackedOf<D>,
): UnpackedOf<D> {
  return unpack(packed, length, 4, dtype, out);
}

/** Packs codes four a byte, the first in the lowest bits (ONNX int2 and uint2); as `packInt4`. */
export function packInt2(codes: Bytes, out?: Uint8Array): Uint8Array {
  return pack(codes, 2, out);
}

/** The inverse of `packInt2`: `length` codes, sign-extended for int2. */
export function unpackInt2<D extends 'int2' | 'uint2'>(
  packed: Uint8Array,
  length: number,
  dtype: D,
  out?: UnpackedOf<D>,
): UnpackedOf<D> {
  return unpack(packed, length, 2, dtype, out);
}
