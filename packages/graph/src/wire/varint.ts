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

/** Decodes the varint in bytes [start, end) as 64 bits: the low word to `words[at]`, the high one to `words[at + 1]`. */
export function varintToWords(bytes: Uint8Array, start: number, end: number, words: Uint32Array, at: number): void {
  const split = Math.min(end, start + EXACT_BYTES);
  const low = shortVarint(bytes, start, split);
  words[at] = low;
  // Of the low part, 49 - 32 = 17 bits belong to the high word.
  words[at + 1] = Math.floor(low / 2 ** 32) + shortVarint(bytes, split, end) * 2 ** 17;
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

/** A varint of 64 bits takes at most this many bytes. */
export const VARINT_BYTES = 10;

/**
 * Writes the minimal varint of an integer to `target` from `at` on (up to 10 bytes) and returns the position after it.
 *
 * Negative integers take 10 bytes, as int64. Throws ERR_INT_RANGE beyond 64 bits and for numbers that are not safe integers.
 */
export function writeVarint(target: Uint8Array, at: number, value: number | bigint): number {
  if (typeof value === 'bigint') return writeWide(target, at, value);
  if (!Number.isSafeInteger(value)) {
    throw wireError('ERR_INT_RANGE', `varint: expected a safe integer or a bigint, received ${value}`);
  }
  if (value < 0) return writeWide(target, at, BigInt(value));
  let rest = value;
  let next = at;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[next++] = (rest % 0x80) | 0x80;
  target[next++] = rest;
  return next;
}

/** The minimal varint of an integer, as `writeVarint` writes it. */
export function encodeVarint(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(VARINT_BYTES);
  return bytes.subarray(0, writeVarint(bytes, 0, value));
}

/** Groups of 7 bits from the low and the high word: bigint arithmetic on each would be 10 times slower. */
function writeWide(target: Uint8Array, at: number, value: bigint): number {
  if (value < -(2n ** 63n) || value >= 2n ** 64n) {
    throw wireError('ERR_INT_RANGE', `varint: expected an integer of 64 bits, received ${value}`);
  }
  let low = Number(BigInt.asUintN(32, value));
  let high = Number(BigInt.asUintN(32, value >> 32n));
  let next = at;
  while (high > 0 || low >= 0x80) {
    target[next++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | ((high & 0x7f) << 25)) >>> 0;
    high >>>= 7;
  }
  target[next++] = low;
  return next;
}
