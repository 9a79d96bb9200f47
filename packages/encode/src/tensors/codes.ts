import { dtypeBits, dtypeByteLength } from '@gossamer/graph';
import { encodeError } from '../error-codes.js';
import type { PlainTensor, TensorSpec } from './plain-tensor.js';

/**
 * The elements as 32-bit integers, sign-extended for signed types: integers and bool as they are, 8-bit floats as their bits.
 *
 * Undefined where that is not all there is: 64-bit elements beyond 32 bits, other floats, padding bits that are not 0.
 */
export function toCodes({ dtype, dims, bytes }: PlainTensor): Int32Array | undefined {
  const count = dims.reduce((a, b) => a * b, 1);
  const bits = dtypeBits(dtype);
  if (bits === 64 && dtype.includes('int')) return fromWords(bytes, count, dtype === 'int64');
  if (bits < 8) return bits === 6 ? undefined : unpack(bytes, count, bits, dtype.startsWith('int'));
  const array = narrowArray({ dtype, dims }, bytes);
  return array && Int32Array.from(array);
}

/** The inverse of `toCodes`; bits beyond the element's are dropped. */
export function fromCodes(codes: Int32Array, spec: TensorSpec): Uint8Array {
  const bytes = new Uint8Array(dtypeByteLength(spec.dtype, codes.length));
  const bits = dtypeBits(spec.dtype);
  if (bits === 64) {
    const words = new Int32Array(bytes.buffer);
    codes.forEach((code, i) => {
      words[2 * i] = code;
      words[2 * i + 1] = spec.dtype === 'int64' && code < 0 ? -1 : 0;
    });
  } else if (bits < 8) {
    const each = 8 / bits;
    codes.forEach((code, i) => (bytes[Math.floor(i / each)]! |= (code & ((1 << bits) - 1)) << (bits * (i % each))));
  } else {
    narrowArray(spec, bytes)!.set(codes);
  }
  return bytes;
}

/** Throws ERR_GSM_FORMAT for a tensor of a type that `toCodes` takes none of. */
export function requireCodes({ dtype }: TensorSpec): void {
  const bits = dtypeBits(dtype);
  if (bits === 8 || (bits < 8 && bits !== 6) || dtype.includes('int')) return;
  throw encodeError('ERR_GSM_FORMAT', `integers: expected a type of at most 8 bits or of integers, received ${dtype}`);
}

function narrowArray({ dtype }: TensorSpec, bytes: Uint8Array) {
  const bits = dtypeBits(dtype);
  if (bits === 8) return dtype === 'int8' ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
  if (!dtype.includes('int')) return undefined;
  // A typed array of wider elements needs bytes that are aligned.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const count = (8 * bytes.length) / bits;
  if (bits === 16) {
    return dtype === 'int16'
      ? new Int16Array(aligned.buffer, aligned.byteOffset, count)
      : new Uint16Array(aligned.buffer, aligned.byteOffset, count);
  }
  return new Int32Array(aligned.buffer, aligned.byteOffset, count);
}

function fromWords(bytes: Uint8Array, count: number, isSigned: boolean): Int32Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const codes = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const low = view.getInt32(8 * i, true);
    if (view.getInt32(8 * i + 4, true) !== (isSigned && low < 0 ? -1 : 0)) return undefined;
    codes[i] = low;
  }
  return codes;
}

function unpack(bytes: Uint8Array, count: number, bits: number, isSigned: boolean): Int32Array | undefined {
  const each = 8 / bits;
  const shift = isSigned ? 32 - bits : 0;
  const codes = new Int32Array(count);
  const mask = (1 << bits) - 1;
  for (let i = 0; i < count; i++) {
    const code = (bytes[Math.floor(i / each)]! >> (bits * (i % each))) & mask;
    codes[i] = (code << shift) >> shift;
  }
  const used = count % each;
  return used !== 0 && bytes[bytes.length - 1]! >> (bits * used) !== 0 ? undefined : codes;
}
