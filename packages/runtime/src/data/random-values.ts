import { createHash } from 'node:crypto';
import { normalQuantile } from './normal-quantile.js';
import { philox4x32 } from './philox.js';

/** 2^32 divided by the golden ratio, odd: counters times it are spread evenly. */
const GOLDEN = 0x9e3779b9;

/** 16 random bits pick one of as many equally likely values: made once, then a value is a load. */
const NORMAL_BITS = 16;
let normals: Float32Array | undefined;

function normalTable(): Float32Array {
  const count = 2 ** NORMAL_BITS;
  return (normals ??= Float32Array.from({ length: count }, (_, i) => normalQuantile((i + 0.5) / count)));
}

/**
 * Random words of one stream (a seed and a name), by sample and position: Philox4x32-10 makes a key for each sample, a 32-bit mixing
 * function of key and position each word. Nothing depends on what was drawn before.
 *
 * Source: Wellons, "Prospecting for Hash Functions", 2018 (the mixer with the least bias of its form, 16 21f0aaad 15 735a2d97 15).
 */
export class RandomStream {
  readonly #seed0: number;
  readonly #seed1: number;
  #scratch = new Uint32Array(0);

  constructor(seed: number, name: string) {
    const digest = createHash('sha256').update(`${seed}:${name}`).digest();
    this.#seed0 = digest.readUInt32LE(0);
    this.#seed1 = digest.readUInt32LE(4);
  }

  /** Words of `sample`, uniform in [0, 2^32). */
  words(sample: number, out: Uint32Array): Uint32Array {
    const key = new Uint32Array(4);
    philox4x32(key, 0, 0, sample >>> 0, Math.floor(sample / 2 ** 32), this.#seed0, this.#seed1);
    const [start, whitening] = key as unknown as readonly [number, number];
    for (let i = 0; i < out.length; i++) {
      let word = (start + Math.imul(i, GOLDEN)) | 0;
      word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15) ^ whitening, 0x735a2d97);
      out[i] = word ^ (word >>> 15);
    }
    return out;
  }

  /** Standard normal values (of 65,536 different ones, within +-4.33), two of each word. */
  normal(sample: number, out: Float32Array): void {
    const table = normalTable();
    const words = this.#reusedWords(sample, Math.ceil(out.length / 2));
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      // A write beyond the end of a typed array does nothing.
      out[2 * i] = table[word & 0xffff]!;
      out[2 * i + 1] = table[word >>> 16]!;
    }
  }

  /** Integers in [0, maximum), maximum <= 2^32; the bias of the multiply-shift is below maximum / 2^32. */
  integers(sample: number, maximum: number, count: number, use: (value: number, position: number) => void): void {
    const words = this.#reusedWords(sample, count);
    for (let i = 0; i < count; i++) use(Math.floor((words[i]! / 2 ** 32) * maximum), i);
  }

  #reusedWords(sample: number, count: number): Uint32Array {
    if (this.#scratch.length !== count) this.#scratch = new Uint32Array(count);
    return this.words(sample, this.#scratch);
  }
}
