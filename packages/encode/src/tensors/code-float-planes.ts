import { type BinaryCoder, codeRaw } from '../coders/binary-coder.js';
import { BitModels } from '../coders/bit-models.js';
import { ByteReader } from '../coders/byte-reader.js';
import { ByteWriter } from '../coders/byte-writer.js';
import { checkSymbols } from '../coders/check-symbols.js';
import { CostCoder } from '../coders/cost-coder.js';
import { RangeDecoder } from '../coders/range-decoder.js';
import { RangeEncoder } from '../coders/range-encoder.js';
import type { FloatParts } from './float-parts.js';

/** Elements looked at to decide whether a plane of bytes is worth coding. */
const SAMPLE = 2 ** 16;
const BYTE_COST = 8 * 1024;

/**
 * Floats in planes: sign and exponent, then the upper mantissa, as trees of adaptive bits; each byte below is a plane of its own, coded
 * as a tree where that makes it smaller, else as it is. `bytes`: whole elements.
 *
 * Layout: a byte whose bit k says that plane k is raw, the raw planes from the lowest, the coded rest.
 */
export function encodeFloatPlanes(bytes: Uint8Array, parts: FloatParts): Uint8Array {
  const { width } = parts;
  const rawPlanes = findRawPlanes(bytes, parts);
  const writer = new ByteWriter().bytes(Uint8Array.of(rawPlanes));
  for (let k = 0; k < lowPlanes(parts); k++) {
    if (((rawPlanes >> k) & 1) === 0) continue;
    const plane = new Uint8Array(bytes.length / width);
    for (let i = 0; i < plane.length; i++) plane[i] = bytes[i * width + k]!;
    writer.bytes(plane);
  }
  const encoder = new RangeEncoder();
  code(encoder, bytes.slice(), parts, rawPlanes);
  return writer.bytes(encoder.finish()).finish();
}

/** The inverse: `byteLength` bytes. Throws ERR_GSM_FORMAT where raw planes end early. */
export function decodeFloatPlanes(body: Uint8Array, byteLength: number, parts: FloatParts): Uint8Array {
  const reader = new ByteReader(body);
  const [rawPlanes] = reader.bytes(1);
  const { width, highBits, middleBits } = parts;
  const count = byteLength / width;
  const raw = Array.from({ length: lowPlanes(parts) }, (_, k) =>
    (rawPlanes! >> k) & 1 ? reader.bytes(count) : undefined,
  );
  const coded = reader.rest();
  checkSymbols((highBits + middleBits) * count, coded.length);
  const bytes = new Uint8Array(byteLength);
  for (const [k, plane] of raw.entries()) {
    if (plane) for (let i = 0; i < count; i++) bytes[i * width + k] = plane[i]!;
  }
  code(new RangeDecoder(coded), bytes, parts, rawPlanes!);
  return bytes;
}

/** The same by one coder alone, for few elements: raw planes too. */
export function planFloatPlanes(bytes: Uint8Array, parts: FloatParts): (coder: BinaryCoder) => void {
  const rawPlanes = findRawPlanes(bytes, parts);
  return (coder) => void codeInline(coder, bytes.slice(), parts, rawPlanes);
}

/** Reads what such a plan coded: fills `bytes`. */
export function readFloatPlanes(coder: BinaryCoder, bytes: Uint8Array, parts: FloatParts): Uint8Array {
  return codeInline(coder, bytes, parts, 0);
}

function codeInline(coder: BinaryCoder, bytes: Uint8Array, parts: FloatParts, wanted: number): Uint8Array {
  const rawPlanes = codeRaw(coder, 8, wanted);
  for (let k = 0; k < lowPlanes(parts); k++) {
    if (((rawPlanes >> k) & 1) === 0) continue;
    for (let at = k; at < bytes.length; at += parts.width) bytes[at] = codeRaw(coder, 8, bytes[at]!);
  }
  code(coder, bytes, parts, rawPlanes);
  return bytes;
}

/** The planes that trees do not make smaller, judged by the first elements. */
function findRawPlanes(bytes: Uint8Array, parts: FloatParts): number {
  const { width } = parts;
  const sampled = Math.min(bytes.length / width, SAMPLE);
  let rawPlanes = 0;
  for (let k = 0; k < lowPlanes(parts); k++) {
    const coder = new CostCoder();
    const models = new BitModels(256);
    for (let i = 0; i < sampled; i++) models.codeTree(coder, 0, 8, bytes[i * width + k]!);
    if (coder.cost >= BYTE_COST * sampled) rawPlanes |= 1 << k;
  }
  return rawPlanes;
}

/** Bytes below the upper mantissa. */
function lowPlanes({ width, highBits, middleBits }: FloatParts): number {
  return width - (highBits + middleBits) / 8;
}

function code(coder: BinaryCoder, bytes: Uint8Array, parts: FloatParts, rawPlanes: number): void {
  const { width, highBits, middleBits } = parts;
  const top = width - 1;
  const isWide = highBits > 8;
  const high = new BitModels(1 << highBits);
  const middle = new BitModels(1 << middleBits);
  const planes = lowPlanes(parts);
  const low = Array.from({ length: planes }, () => new BitModels(256));
  for (let at = 0; at < bytes.length; at += width) {
    const word = isWide ? (bytes[at + top]! << 8) | bytes[at + top - 1]! : bytes[at + top]!;
    const upper = high.codeTree(coder, 0, highBits, word >> middleBits);
    const lower = middle.codeTree(coder, 0, middleBits, word & ((1 << middleBits) - 1));
    const seen = (upper << middleBits) | lower;
    bytes[at + top] = isWide ? seen >> 8 : seen;
    if (isWide) bytes[at + top - 1] = seen & 255;
    for (let k = planes - 1; k >= 0; k--) {
      if ((rawPlanes >> k) & 1) continue;
      bytes[at + k] = low[k]!.codeTree(coder, 0, 8, bytes[at + k]!);
    }
  }
}
