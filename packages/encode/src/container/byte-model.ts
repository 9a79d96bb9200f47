import type { BinaryCoder } from '../coders/binary-coder.js';
import { BitModels } from '../coders/bit-models.js';
import { STRETCH } from '../coders/logistic.js';
import { Mixer } from '../coders/mixer.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { imul, clz32, min } = Math;

/** Bytes before the next one that contexts are made of, one context each; 0: none. */
const ORDERS = [0, 1, 2, 3, 4, 6] as const;
/** Contexts of each order, hashed: 16 a byte, within these. */
const MIN_SLOTS = 2 ** 16;
const MAX_SLOTS = 2 ** 22;
/** Bytes that must agree before a repeat is followed. */
const MATCH_BYTES = 4;
const MATCH_SLOTS = 2 ** 16;
const MATCH_LENGTHS = 16;

/**
 * Predicts bytes bit by bit: contexts of the last 0 to 6 bytes, two of how messages nest (which field came before, what is as far back
 * as the last length), and the longest repeat; mixed by how long the repeat is. Begins blank: let it see what files have in common
 * first. About 0.2 MB/s. Source: the lpaq family (Mahoney 2007), here over adaptive pairs of probabilities.
 */
export class ByteModel {
  readonly #mask: number;
  readonly #orders: readonly BitModels[];
  readonly #matches = new BitModels(2 * MATCH_LENGTHS);
  readonly #mixer = new Mixer(ORDERS.length + 3, MATCH_LENGTHS * 3, 0.28, 0.002);
  readonly #slots = new Int32Array(ORDERS.length + 2);
  readonly #table = new Int32Array(MATCH_SLOTS).fill(-1);
  #history = new Uint8Array(1024);
  #length = 0;
  #matchAt = -1;
  #matchLength = 0;
  #word = 0;

  /** `length`: bytes that will be coded, for the size of its tables. */
  constructor(length: number) {
    const slots = slotsFor(length);
    this.#mask = slots - 1;
    this.#orders = [...ORDERS, 'skip', 'word'].map(() => new BitModels(slots));
  }

  /** Codes the next byte. */
  codeByte(coder: BinaryCoder, byte: number): number {
    this.#hashContexts();
    let node = 1;
    for (let i = 7; i >= 0; i--) node = (node << 1) | this.#codeBit(coder, node, (byte >>> i) & 1);
    this.#append(node & 255);
    return node & 255;
  }

  #codeBit(coder: BinaryCoder, node: number, bit: number): number {
    const { inputs } = this.#mixer;
    const orders = this.#orders;
    let known = 0;
    for (let k = 0; k < orders.length; k++) {
      const slot = this.#slot(k, node);
      const models = orders[k]!;
      const count = models.count(slot);
      if (k >= 2 && count > 0) known++;
      inputs[k] = STRETCH[models.p1(slot)]! * (count / (count + 0.4));
    }
    const expected = this.#expectedBit(node);
    const length = min(MATCH_LENGTHS - 1, this.#matchLength);
    const match = expected < 0 ? -1 : 2 * length + expected;
    inputs[orders.length] = match < 0 ? 0 : STRETCH[this.#matches.p1(match)]!;
    const set = (match < 0 ? 0 : length) * 3 + (known > 4 ? 2 : known > 1 ? 1 : 0);
    const seen = this.#mixer.code(coder, set, bit);
    for (let k = 0; k < orders.length; k++) orders[k]!.update(this.#slot(k, node), seen);
    if (match >= 0) this.#matches.update(match, seen);
    if (expected >= 0 && expected !== seen) this.#matchLength = 0;
    return seen;
  }

  #slot(order: number, node: number): number {
    return (imul(this.#slots[order]! + node, 0x9e3779b1) >>> 0) & this.#mask;
  }

  /** The bit that followed when these bytes came last, or -1. */
  #expectedBit(node: number): number {
    if (this.#matchLength === 0) return -1;
    const byte = this.#history[this.#matchAt]! | 256;
    const depth = 31 - clz32(node);
    return byte >> (8 - depth) === node ? (byte >> (7 - depth)) & 1 : -1;
  }

  #hashContexts(): void {
    const at = this.#length;
    const history = this.#history;
    let hash = 0;
    let order = 0;
    for (let k = 0; k < ORDERS.length; k++) {
      for (; order < ORDERS[k]!; order++)
        hash = imul(hash ^ ((history[at - 1 - order] ?? 0) + 1), 0x2c1b3c6d) ^ (hash >>> 15);
      this.#slots[k] = imul(hash + k + 1, 0x297a2d39);
    }
    // Bytes two and three back, without the last: numbered names differ there.
    const skip = ((history[at - 2] ?? 0) << 8) | (history[at - 3] ?? 0);
    this.#slots[ORDERS.length] = imul(skip + 0x10001, 0x297a2d39);
    this.#slots[ORDERS.length + 1] = imul(this.#word + 0x20003, 0x297a2d39);
  }

  #append(byte: number): void {
    if (this.#length === this.#history.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#history);
      this.#history = grown;
    }
    this.#history[this.#length++] = byte;
    const isLetter = (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90);
    this.#word = isLetter ? imul(this.#word + byte, 0x2f0b4a27) : byte === 0 ? 1 : 0;
    if (this.#matchLength > 0) {
      this.#matchAt++;
      this.#matchLength++;
    }
    if (this.#length < MATCH_BYTES) return;
    let key = 0;
    for (let i = 1; i <= MATCH_BYTES; i++) key = imul(key + this.#history[this.#length - i]! + 1, 0x2c1b3c6d);
    const slot = key >>> 16;
    if (this.#matchLength === 0 && this.#table[slot]! >= 0) {
      this.#matchAt = this.#table[slot]!;
      while (
        this.#matchLength < MATCH_LENGTHS &&
        this.#matchLength < this.#matchAt &&
        this.#history[this.#matchAt - 1 - this.#matchLength] === this.#history[this.#length - 1 - this.#matchLength]
      ) {
        this.#matchLength++;
      }
    }
    this.#table[slot] = this.#length;
  }
}

function slotsFor(length: number): number {
  let slots = MIN_SLOTS;
  while (slots < MAX_SLOTS && slots < 16 * length) slots *= 2;
  return slots;
}
