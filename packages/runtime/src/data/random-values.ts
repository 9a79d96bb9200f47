import { createHash } from 'node:crypto';
import { philox4x32 } from './philox.js';

/** Random words of one stream (a seed and a name), by sample and position. */
export class RandomStream {
  readonly #key: readonly [number, number];

  constructor(seed: number, name: string) {
    const digest = createHash('sha256').update(`${seed}:${name}`).digest();
    this.#key = [digest.readUInt32LE(0), digest.readUInt32LE(4)];
  }

  /** Calls `use(word, position)` for positions 0..count-1 of `sample`; words are uniform in [0, 2^32). */
  words(sample: number, count: number, use: (word: number, position: number) => void): void {
    for (let at = 0; at < count; at += 4) {
      const block = philox4x32([at / 4, 0, sample >>> 0, Math.floor(sample / 2 ** 32)], this.#key);
      for (let lane = 0; lane < 4 && at + lane < count; lane++) use(block[lane]!, at + lane);
    }
  }

  /** Standard normal values. Source: Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
  normal(sample: number, out: Float32Array): void {
    let radius = 0;
    let angle = 0;
    this.words(sample, out.length + (out.length % 2), (word, position) => {
      if (position % 2 === 0) {
        // (word + 1) / 2^32 is in (0, 1]: the logarithm is finite.
        radius = Math.sqrt(-2 * Math.log((word + 1) / 2 ** 32));
        return;
      }
      angle = (2 * Math.PI * word) / 2 ** 32;
      out[position - 1] = radius * Math.cos(angle);
      if (position < out.length) out[position] = radius * Math.sin(angle);
    });
  }

  /** Integers in [0, maximum), maximum <= 2^32; the bias of the multiply-shift is below maximum / 2^32. */
  integers(sample: number, maximum: number, count: number, use: (value: number, position: number) => void): void {
    this.words(sample, count, (word, position) => use(Math.floor((word / 2 ** 32) * maximum), position));
  }
}
