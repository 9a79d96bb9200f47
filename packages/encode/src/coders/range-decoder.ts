import { encodeError } from '../error-codes.js';
import type { BinaryCoder } from './binary-coder.js';
import { TRIMMED_BYTES } from './range-encoder.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { imul } = Math;

/** Reads what a RangeEncoder wrote. Any bytes decode to something; past their end it reads 0, but throws ERR_GSM_FORMAT beyond what an encoder leaves out. */
export class RangeDecoder implements BinaryCoder {
  readonly #bytes: Uint8Array;
  #at = 0;
  #code = 0;
  #range = 0xffffffff;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  code(p1: number, _bit: number): number {
    const range = this.#range;
    const bound = (imul(range >>> 16, p1) + (imul(range & 0xffff, p1) >>> 16)) >>> 0;
    let bit: number;
    if (this.#code < bound) {
      this.#range = bound;
      bit = 1;
    } else {
      this.#code = (this.#code - bound) >>> 0;
      this.#range = (range - bound) >>> 0;
      bit = 0;
    }
    while (this.#range < 2 ** 24) {
      this.#range = (this.#range << 8) >>> 0;
      this.#code = ((this.#code << 8) | this.#next()) >>> 0;
    }
    return bit;
  }

  #next(): number {
    if (this.#at < this.#bytes.length) return this.#bytes[this.#at++]!;
    if (++this.#at <= this.#bytes.length + TRIMMED_BYTES) return 0;
    throw encodeError('ERR_GSM_FORMAT', 'stream: expected more bytes, received its end');
  }
}
