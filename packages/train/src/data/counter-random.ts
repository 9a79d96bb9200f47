import { philox4x32 } from '@gossamer/runtime';

const WORD = 2 ** 32;

/** A 32-bit number for a name: which stream of random numbers it has. FNV-1a. */
export function streamOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/**
 * Fills `out` with uniform numbers in [0, 1), 24 bits each: element i of (seed, stream, step) is the same whatever was drawn before, so a step
 * that is repeated, or resumed, sees the same numbers. They are the words of philox4x32 of counter i / 4, in order.
 */
export function fillUniform(out: Float32Array, seed: number, stream: number, step: number): void {
  const whole = out.length - (out.length % 4);
  fillBlocks(
    out.subarray(0, whole),
    seed % WORD,
    Math.floor(seed / WORD),
    stream,
    step % WORD,
    Math.floor(step / WORD),
  );
  if (whole === out.length) return;
  const words = new Uint32Array(4);
  philox4x32(words, whole / 4, step % WORD, Math.floor(step / WORD), stream, seed % WORD, Math.floor(seed / WORD));
  for (let j = 0; whole + j < out.length; j++) out[whole + j] = (words[j]! >>> 8) / 2 ** 24;
}

/** Philox4x32-10 (philox.ts of the runtime), written out in 32-bit integers for masks of millions of elements: twice as fast. */
function fillBlocks(out: Float32Array, key0: number, key1: number, stream: number, low: number, high: number): void {
  for (let i = 0; i < out.length; i += 4) {
    let c0 = i >>> 2;
    let c1 = low | 0;
    let c2 = high | 0;
    let c3 = stream | 0;
    let k0 = key0 | 0;
    let k1 = key1 | 0;
    for (let round = 0; round < 10; round++) {
      const high0 = multiplyHigh(0xd251, 0x1f53, c0);
      const high1 = multiplyHigh(0xcd9e, 0x8d57, c2);
      const low0 = Math.imul(0xd2511f53, c0);
      c0 = high1 ^ c1 ^ k0;
      c1 = Math.imul(0xcd9e8d57, c2);
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = (k0 + 0x9e3779b9) | 0;
      k1 = (k1 + 0xbb67ae85) | 0;
    }
    out[i] = (c0 >>> 8) * 2 ** -24;
    out[i + 1] = (c1 >>> 8) * 2 ** -24;
    out[i + 2] = (c2 >>> 8) * 2 ** -24;
    out[i + 3] = (c3 >>> 8) * 2 ** -24;
  }
}

/** Bits 32 to 63 of the unsigned product of 2^16 upper + lower and b. Sums stay below 2^32, so that wrapping at 2^31 loses nothing. */
function multiplyHigh(upper: number, lower: number, b: number): number {
  const b1 = b >>> 16;
  const b0 = b & 0xffff;
  const middle = (Math.imul(upper, b0) + (Math.imul(lower, b0) >>> 16)) | 0;
  const rest = (Math.imul(lower, b1) + (middle & 0xffff)) | 0;
  return (Math.imul(upper, b1) + (middle >>> 16) + (rest >>> 16)) | 0;
}

/** A seeded permutation of 0 .. length - 1 (Fisher and Yates). */
export function permutation(length: number, seed: number, stream: number, step: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  const words = new Uint32Array(4);
  for (let i = length - 1, drawn = 0; i > 0; i--, drawn++) {
    if (drawn % 4 === 0) philox4x32(words, drawn / 4, step, 0, stream, seed % WORD, Math.floor(seed / WORD));
    // 2^32 choices for at most 2^32 places: the bias is below length / 2^32.
    const j = Math.floor((words[drawn % 4]! / WORD) * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
