import type { BinaryCoder } from '../coders/binary-coder.js';
import { BitModels } from '../coders/bit-models.js';
import { STRETCH } from '../coders/logistic.js';
import { Mixer } from '../coders/mixer.js';
import { FlatReader } from './flat-reader.js';
import { NameGuesses } from './name-guesses.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { imul, clz32, min } = Math;

/** Contexts of a byte. */
const CONTEXTS = 10;
/** Slots of each, hashed. */
const SLOTS = 2 ** 17;
/** Bytes that must agree before a repeat is followed. */
const MATCH_BYTES = 5;
const MATCH_SLOTS = 2 ** 16;
const MATCH_LENGTHS = 16;
/** Other bytes than the repeat's in a row after which it is given up. */
const MAX_MISSES = 8;
/** Decisions that a sample stands for in a context. */
const RELAXED = 2;
const PARTS = ['tag', 'varint', 'text', 'length', 'body', 'fixed'] as const;
/** Bytes of an element by the number of its type in ONNX; 0: not known here. */
const WIDTHS = [0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2] as const;

/**
 * Predicts the bytes of a flat skeleton bit by bit: by the last bytes, by where in which message they are and what came before there, by the text so
 * far, the longest repeat (digits replaced as they were before) and a guess of the name; mixed. Begins blank: let it see what files have in common
 * first. Source: the lpaq family (Mahoney 2007), here over adaptive pairs of probabilities.
 */
export class ByteModel {
  #reader = new FlatReader();
  #names = new NameGuesses();
  #orders: readonly BitModels[] = [];
  #matches = new BitModels(2 * MATCH_LENGTHS * (MAX_MISSES + 1));
  #guesses = new BitModels(2 * 4096);
  #mixer = new Mixer(CONTEXTS + 2, MATCH_LENGTHS * 3, 0.2, 0.006);
  readonly #slots = new Int32Array(CONTEXTS);
  #table = new Int32Array(MATCH_SLOTS).fill(-1);
  readonly #digits = new Uint8Array(10);
  #history = new Uint8Array(1024);
  #length = 0;
  #matchAt = -1;
  #matchLength = 0;
  #misses = 0;
  #expectedMatch = -1;
  #expectedName = -1;
  #nameContext = 0;

  /** One that has seen nothing. */
  static blank(): ByteModel {
    const model = new ByteModel();
    model.#orders = Array.from({ length: CONTEXTS }, () => new BitModels(SLOTS));
    return model;
  }

  /** Another one that has seen the same, at the beginning of a skeleton. */
  clone(): ByteModel {
    const copy = new ByteModel();
    copy.#orders = this.#orders.map((models) => models.clone());
    copy.#matches = this.#matches.clone();
    copy.#guesses = this.#guesses.clone();
    copy.#mixer = this.#mixer.clone();
    copy.#table = this.#table.slice();
    copy.#digits.set(this.#digits);
    copy.#history = this.#history.slice();
    copy.#length = this.#length;
    copy.#matchAt = this.#matchAt;
    copy.#matchLength = this.#matchLength;
    copy.#misses = this.#misses;
    return copy;
  }

  /** Whether the skeleton that is coded has ended; another may follow. Throws ERR_GSM_FORMAT after bytes that are no skeleton. */
  get hasEnded(): boolean {
    return this.#reader.depth === 0;
  }

  /** What was seen so far was a sample: what comes counts more. */
  endSample(): void {
    for (const models of this.#orders) models.relax(RELAXED);
    this.#restart();
  }

  /** Codes the next byte. */
  codeByte(coder: BinaryCoder, byte: number): number {
    if (this.hasEnded) this.#restart();
    this.#hashContexts();
    let node = 1;
    for (let i = 7; i >= 0; i--) node = (node << 1) | this.#codeBit(coder, node, (byte >>> i) & 1);
    this.#append(node & 255);
    return node & 255;
  }

  #restart(): void {
    this.#reader = new FlatReader();
    this.#names = new NameGuesses();
  }

  #codeBit(coder: BinaryCoder, node: number, bit: number): number {
    const { inputs } = this.#mixer;
    const orders = this.#orders;
    let known = 0;
    for (let k = 0; k < CONTEXTS; k++) {
      const slot = this.#slot(k, node);
      const models = orders[k]!;
      const count = models.count(slot);
      if (k >= 3 && count > 0) known++;
      inputs[k] = STRETCH[models.p1(slot)]! * (count / (count + 0.4));
    }
    const length = this.#expectedMatch < 0 ? 0 : min(MATCH_LENGTHS - 1, this.#matchLength);
    const match = contextOf(this.#expectedMatch, node, length * (MAX_MISSES + 1) + this.#misses);
    inputs[CONTEXTS] = match < 0 ? 0 : STRETCH[this.#matches.p1(match)]!;
    const guess = contextOf(this.#expectedName, node, this.#nameContext);
    inputs[CONTEXTS + 1] = guess < 0 ? 0 : STRETCH[this.#guesses.p1(guess)]!;
    const set = (match < 0 ? 0 : length) * 3 + (guess >= 0 ? 2 : known > 3 ? 1 : 0);
    const seen = this.#mixer.code(coder, set, bit);
    for (let k = 0; k < CONTEXTS; k++) orders[k]!.update(this.#slot(k, node), seen);
    if (match >= 0) this.#matches.update(match, seen);
    if (guess >= 0) this.#guesses.update(guess, seen);
    return seen;
  }

  #slot(order: number, node: number): number {
    return (imul(this.#slots[order]! + node, 0x9e3779b1) >>> 0) & (SLOTS - 1);
  }

  #hashContexts(): void {
    const reader = this.#reader;
    const { level, part, position } = reader;
    const at = this.#length;
    const back = (k: number) => this.#history[at - k] ?? 0;
    const last = part === 'tag' ? level.lastTag : reader.tag;
    const width = (part === 'body' && WIDTHS[level.type]) || 1;
    const place = part === 'body' ? position % width : min(position, part === 'text' ? 1 : 7);
    const where = hash(hash(reader.path * 8 + PARTS.indexOf(part), last), place);
    const sibling = level.lastValue;
    const contexts = this.#slots;
    contexts[0] = hash(where, 0);
    contexts[1] = hash(where, hash(back(1), 1));
    contexts[2] = hash(back(1) * 256 + back(2), 2);
    contexts[3] = hash(back(1) * 65536 + back(2) * 256 + back(3), 3);
    const four = ((back(1) * 256 + back(2)) * 256 + back(3)) * 256 + back(4);
    contexts[4] = hash(four, 4);
    contexts[5] = hash(hash(four, back(5) * 256 + back(6)), 5);
    contexts[6] = hash(part === 'tag' ? hash(where, level.run) : reader.hash, 6);
    contexts[7] = hash(hash(where, sibling), hash(reader.hash, 7));
    contexts[8] = hash(hash(where, level.run), hash(reader.hash, 8));
    contexts[9] = hash(
      hash(where, width),
      hash(part === 'length' ? level.type * 64 + min(63, level.product) : back(width), 9),
    );
    this.#expectedMatch = this.#matchLength > 0 ? this.#matchByte() : -1;
    const { expected, changes, unread } = this.#names;
    this.#expectedName = part === 'text' ? expected : -1;
    const kind = (level.field === 1 ? reader.tag >> 3 : level.field) & 15;
    this.#nameContext =
      ((kind * 4 + changes) * 4 + (position === 0 ? unread : 0)) * 8 + min(7, position === 0 ? level.run : position);
  }

  /** The byte that followed when these came last, its digit replaced as before. */
  #matchByte(): number {
    const byte = this.#history[this.#matchAt]!;
    return byte >= 48 && byte <= 57 ? 48 + this.#digits[byte - 48]! : byte;
  }

  #append(byte: number): void {
    const reader = this.#reader;
    const { part } = reader;
    reader.push(byte);
    if (part === 'text') {
      if (byte === 0) this.#names.end(reader);
      else this.#names.push(byte);
    } else if (reader.part === 'text') {
      this.#names.begin(reader);
    }
    if (this.#length === this.#history.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#history);
      this.#history = grown;
    }
    this.#history[this.#length++] = byte;
    this.#follow(byte);
  }

  #follow(byte: number): void {
    const history = this.#history;
    if (this.#matchLength > 0) {
      const source = history[this.#matchAt]!;
      if (this.#expectedMatch === byte) {
        this.#matchLength++;
        this.#misses = this.#misses > 0 && this.#matchLength % 4 === 0 ? this.#misses - 1 : this.#misses;
      } else {
        if (isDigit(source) && isDigit(byte)) this.#digits[source - 48] = byte - 48;
        this.#matchLength = 1;
        if (++this.#misses > MAX_MISSES) this.#matchLength = 0;
      }
      this.#matchAt++;
    }
    if (this.#length < MATCH_BYTES) return;
    let key = 0;
    for (let i = 1; i <= MATCH_BYTES; i++) key = imul(key + history[this.#length - i]! + 1, 0x2c1b3c6d);
    const slot = key >>> 16;
    if ((this.#matchLength === 0 || this.#misses > 0) && this.#table[slot]! >= 0) this.#begin(this.#table[slot]!);
    this.#table[slot] = this.#length;
  }

  /** Follows the repeat whose next byte is at `from`, if it is longer than the one that is followed. */
  #begin(from: number): void {
    const history = this.#history;
    let length = 0;
    while (length < 32 && length < from && history[from - 1 - length] === history[this.#length - 1 - length]) length++;
    if (length <= this.#matchLength || length < MATCH_BYTES) return;
    this.#matchAt = from;
    this.#matchLength = length;
    this.#misses = 0;
    for (let digit = 0; digit < 10; digit++) this.#digits[digit] = digit;
  }
}

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

const hash = (a: number, b: number): number =>
  imul(imul(a + 1, 0x2c1b3c6d) ^ (a >>> 15) ^ imul(b + 1, 0x297a2d39), 0x165667b1) ^ (b >>> 13);

/** Context of the bit below `node` where a byte is expected, for two bits a number; -1 where it is not expected any more. */
function contextOf(expected: number, node: number, number: number): number {
  if (expected < 0) return -1;
  const byte = expected | 256;
  const depth = 31 - clz32(node);
  return byte >> (8 - depth) === node ? 2 * number + ((byte >> (7 - depth)) & 1) : -1;
}
