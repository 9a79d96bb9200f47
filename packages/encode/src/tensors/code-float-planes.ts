import { BitModels } from '../coders/bit-models.js';
import { ByteReader } from '../coders/byte-reader.js';
import { ByteWriter } from '../coders/byte-writer.js';
import { checkSymbols } from '../coders/check-symbols.js';
import { RangeDecoder } from '../coders/range-decoder.js';
import { RangeEncoder } from '../coders/range-encoder.js';
import type { BinaryCoder } from '../coders/binary-coder.js';
import type { FloatParts } from './float-parts.js';

/** Elements looked at to decide whether a plane of bytes is worth coding. */
const SAMPLE = 2 ** 16;

/**
 * Floats in planes: sign and exponent, then the upper mantissa, as trees of adaptive bits; each byte below is a plane of its own, coded
 * as a tree where that makes it smaller, else as it is. `bytes`: whole elements.
 *
 * Layout: a byte whose bit k says that plane k is raw, the raw planes from the lowest, the coded rest.
 */
export function encodeFloatPlanes(bytes: Uint8Array, parts: FloatParts): Uint8Array {
  const { width } = parts;
  const planes = lowPlanes(parts);
  const count = bytes.length / width;
  let rawPlanes = 0;
  for (let k = 0; k < planes; k++) {
    const encoder = new RangeEncoder();
    const models = new BitModels(256);
    const sampled = Math.min(count, SAMPLE);
    for (let i = 0; i < sampled; i++) models.codeTree(encoder, 0, 8, bytes[i * width + k]!);
    if (encoder.finish().length >= sampled) rawPlanes |= 1 << k;
  }
  const writer = new ByteWriter().bytes(Uint8Array.of(rawPlanes));
  for (let k = 0; k < planes; k++) {
    if ((rawPlanes >> k) & 1) writer.bytes(Uint8Array.from({ length: count }, (_, i) => bytes[i * width + k]!));
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
  raw.forEach((plane, k) => plane?.forEach((byte, i) => (bytes[i * width + k] = byte)));
  code(new RangeDecoder(coded), bytes, parts, rawPlanes!);
  return bytes;
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
