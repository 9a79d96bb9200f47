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
 * that is repeated, or resumed, sees the same numbers.
 */
export function fillUniform(out: Float32Array, seed: number, stream: number, step: number): void {
  const words = new Uint32Array(4);
  for (let i = 0; i < out.length; i += 4) {
    philox4x32(words, i / 4, step % WORD, Math.floor(step / WORD), stream, seed % WORD, Math.floor(seed / WORD));
    for (let j = 0; j < 4 && i + j < out.length; j++) out[i + j] = (words[j]! >>> 8) / 2 ** 24;
  }
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
