import { createHash } from 'node:crypto';
import { philox4x32 } from './philox.js';

/** Random words of one stream (a seed and a name), by sample and position. */
export class RandomStream {
  readonly #key0: number;
  readonly #key1: number;
  readonly #block = new Uint32Array(4);

  constructor(seed: number, name: string) {
    const digest = createHash('sha256').update(`${seed}:${name}`).digest();
    this.#key0 = digest.readUInt32LE(0);
    this.#key1 = digest.readUInt32LE(4);
  }

  /** Words 4 * index to 4 * index + 3 of `sample`, uniform in [0, 2^32); valid until the next call. */
  #words(sample: number, index: number): Uint32Array {
    philox4x32(this.#block, index, 0, sample >>> 0, Math.floor(sample / 2 ** 32), this.#key0, this.#key1);
    return this.#block;
  }

  /** Standard normal values. Source: Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
  normal(sample: number, out: Float32Array): void {
    for (let at = 0; at < out.length; at += 4) {
      const words = this.#words(sample, at / 4);
      for (let lane = 0; lane < 4; lane += 2) {
        // (word + 1) / 2^32 is in (0, 1]: the logarithm is finite.
        const radius = Math.sqrt(-2 * Math.log((words[lane]! + 1) / 2 ** 32));
        const angle = (2 * Math.PI * words[lane + 1]!) / 2 ** 32;
        // Writes beyond the end of a typed array do nothing.
        out[at + lane] = radius * Math.cos(angle);
        out[at + lane + 1] = radius * Math.sin(angle);
      }
    }
  }

  /** Integers in [0, maximum), maximum <= 2^32; the bias of the multiply-shift is below maximum / 2^32. */
  integers(sample: number, maximum: number, count: number, use: (value: number, position: number) => void): void {
    for (let at = 0; at < count; at += 4) {
      const words = this.#words(sample, at / 4);
      for (let lane = 0; lane < 4 && at + lane < count; lane++) {
        use(Math.floor((words[lane]! / 2 ** 32) * maximum), at + lane);
      }
    }
  }
}
