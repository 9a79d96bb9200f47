import { wireError } from './error-codes.js';

/** Varints of up to this many bytes (49 bits) are decoded exactly with plain numbers. */
const EXACT_BYTES = 7;

/** Decodes the varint in bytes [start, end) as an unsigned 64-bit integer. The reader has checked its form. */
export function varintToBigUint(bytes: Uint8Array, start: number, end: number): bigint {
  if (end - start <= EXACT_BYTES) return BigInt(shortVarint(bytes, start, end));
  const low = shortVarint(bytes, start, start + EXACT_BYTES);
  const high = shortVarint(bytes, start + EXACT_BYTES, end);
  return BigInt(low) + (BigInt(high) << 49n);
}

/** Decodes the varint in bytes [start, end) as a signed 64-bit integer (two's complement). */
export function varintToBigInt(bytes: Uint8Array, start: number, end: number): bigint {
  return BigInt.asIntN(64, varintToBigUint(bytes, start, end));
}

/** Decodes a signed 64-bit varint to a number. Throws ERR_INT_RANGE outside ±(2^53 - 1); `what` names the field. */
export function varintToSafeInt(bytes: Uint8Array, start: number, end: number, what: string): number {
  if (end - start <= EXACT_BYTES) return shortVarint(bytes, start, end);
  const value = varintToBigInt(bytes, start, end);
  if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw wireError('ERR_INT_RANGE', `${what}: expected an integer within ±(2^53 - 1), received ${value}`);
}

/**
 * Decodes a varint of an int32 field. Values up to 2^32 - 1 wrap, as some writers leave out the sign extension;
 * anything wider throws ERR_INT_RANGE, where other readers would silently drop bits.
 */
export function varintToInt32(bytes: Uint8Array, start: number, end: number, what: string): number {
  const isShort = end - start <= EXACT_BYTES;
  const value = isShort ? shortVarint(bytes, start, end) : Number(varintToBigInt(bytes, start, end));
  if (value >= -(2 ** 31) && value < 2 ** 32) return value | 0;
  throw wireError('ERR_INT_RANGE', `${what}: expected a 32-bit integer, received ${value}`);
}

function shortVarint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let i = start; i < end; i++) {
    value += (bytes[i]! & 0x7f) * scale;
    scale *= 0x80;
  }
  return value;
}

/** Bytes that the minimal varint of `value` (a safe integer >= 0) takes. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** Minimal varint of an integer; negative ones take 10 bytes, as int64. Throws ERR_INT_RANGE beyond 64 bits. */
export function encodeVarint(value: number | bigint): Uint8Array {
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) return encodeNumber(value);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw wireError('ERR_INT_RANGE', `varint: expected a safe integer or a bigint, received ${value}`);
  }
  const wide = BigInt(value);
  if (wide < -(2n ** 63n) || wide >= 2n ** 64n) {
    throw wireError('ERR_INT_RANGE', `varint: expected an integer of 64 bits, received ${wide}`);
  }
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, wide);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function encodeNumber(value: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(value));
  let rest = value;
  for (let i = 0; i < bytes.length - 1; i++) {
    bytes[i] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[bytes.length - 1] = rest;
  return bytes;
}
