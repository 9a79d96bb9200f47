import type { BinaryCoder } from './binary-coder.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { imul, floor } = Math;

/** Below this the range gives out a byte, so that 16-bit probabilities never make an empty part. */
const RENORMALIZE = 2 ** 24;
const WORD = 2 ** 32;
/** Zeros that a stream may leave out at its end; a decoder reads no further. */
export const TRIMMED_BYTES = 8;

/**
 * Binary range encoder: 32-bit range, carries go into the bytes written last. Source: Schindler 1998; the carry as in LZMA (Pavlov).
 *
 * The output has no length in it; it ends where another byte would only be 0, which the decoder reads past its end.
 */
export class RangeEncoder implements BinaryCoder {
  /** Start of the interval: below 2^33, exact in a double. */
  #low = 0;
  #range = 0xffffffff;
  /** The byte that a carry may still change, and how many 0xff follow it. */
  #cache = 0;
  #pending = 0;
  #bytes = new Uint8Array(256);
  #length = 0;

  code(p1: number, bit: number): number {
    const range = this.#range;
    // floor(range * p1 / 2^16) in 32-bit integers.
    const bound = (imul(range >>> 16, p1) + (imul(range & 0xffff, p1) >>> 16)) >>> 0;
    if (bit === 1) {
      this.#range = bound;
    } else {
      this.#low += bound;
      this.#range = (range - bound) >>> 0;
    }
    while (this.#range < RENORMALIZE) {
      this.#range = (this.#range << 8) >>> 0;
      this.#shift();
    }
    return bit;
  }

  /** Ends the stream; the encoder must not be used afterwards. */
  finish(): Uint8Array {
    // The number of fewest bytes within [low, low + range): what follows it is read as 0.
    for (let zeros = 32; zeros >= 0; zeros -= 8) {
      const unit = 2 ** zeros;
      const value = Math.ceil(this.#low / unit) * unit;
      if (value >= this.#low + this.#range) continue;
      this.#low = value;
      break;
    }
    for (let i = 0; i < 5; i++) this.#shift();
    let end = this.#length;
    const least = Math.max(1, end - TRIMMED_BYTES);
    while (end > least && this.#bytes[end - 1] === 0) end--;
    // The first byte is the empty cache: always 0.
    return this.#bytes.slice(1, end);
  }

  #shift(): void {
    if (this.#low < 0xff000000 || this.#low >= WORD) {
      const carry = this.#low >= WORD ? 1 : 0;
      this.#push((this.#cache + carry) & 0xff);
      for (; this.#pending > 0; this.#pending--) this.#push((0xff + carry) & 0xff);
      this.#cache = floor(this.#low / RENORMALIZE) & 0xff;
    } else {
      this.#pending++;
    }
    this.#low = (this.#low % RENORMALIZE) * 256;
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = byte;
  }
}
