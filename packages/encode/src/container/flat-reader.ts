import { encodeError } from '../error-codes.js';

/** Messages in one another; ONNX files have about ten. */
const MAX_DEPTH = 64;
const NESTED = 6;
const TEXT = 7;

/** What the next byte of a flat skeleton belongs to. */
export type FlatPart = 'tag' | 'varint' | 'text' | 'length' | 'body' | 'fixed';

interface Level {
  /** Number of the field that this message is in. */
  readonly field: number;
  /** The tag before the next one. */
  lastTag: number;
  /** How often that tag has come in a row. */
  run: number;
  /** Hash of the value that came last here, or around this message. */
  lastValue: number;
  /** Product of the varints of field 1, and the varint of field 2: dims and type of a tensor. */
  product: number;
  type: number;
}

/** Follows a flat skeleton byte by byte: where in which message the next one is. Throws ERR_GSM_FORMAT for what is no flat skeleton. */
export class FlatReader {
  part: FlatPart = 'tag';
  /** Of the value that is being read. */
  tag = 0;
  /** Bytes of the value so far, and for a body how many are left. */
  position = 0;
  left = 0;
  /** The varint or length so far. */
  number = 0;
  /** Hash of the value so far. */
  hash = 0;
  readonly #levels: Level[] = [{ field: 0, lastTag: 0, run: 0, lastValue: 0, product: 1, type: 0 }];

  /** Messages that are open; 0 behind the end. */
  get depth(): number {
    return this.#levels.length;
  }

  /** The innermost open message. */
  get level(): Level {
    return this.#levels[this.#levels.length - 1]!;
  }

  /** Field numbers of the innermost message and of the one around it. */
  get path(): number {
    const { length } = this.#levels;
    return 32 * (this.#levels[length - 2]?.field ?? 0) + this.#levels[length - 1]!.field;
  }

  push(byte: number): void {
    if (this.depth === 0) throw damaged('its end', 'more bytes');
    if (this.part === 'tag') this.#pushTag(byte);
    else this.#pushValue(byte);
  }

  #pushTag(tag: number): void {
    const { level } = this;
    if (tag === 0) {
      this.#levels.pop();
      return;
    }
    level.run = level.lastTag === tag ? level.run + 1 : 0;
    level.lastTag = tag;
    this.tag = tag;
    this.position = 0;
    this.number = 0;
    this.hash = tag;
    const wireType = tag & 7;
    if (tag < 8) throw damaged('a field above 0', 'field 0');
    if (wireType === NESTED) {
      if (this.depth === MAX_DEPTH) throw damaged(`at most ${MAX_DEPTH} messages in one another`, 'more');
      this.#levels.push({ ...level, field: tag >> 3, lastTag: 0, run: 0, product: 1, type: 0 });
    } else if (wireType === TEXT) {
      this.part = 'text';
    } else if (wireType === 0) {
      this.part = 'varint';
    } else if (wireType === 2) {
      this.part = 'length';
    } else if (wireType === 1 || wireType === 5) {
      this.part = 'fixed';
      this.left = wireType === 1 ? 8 : 4;
    } else {
      throw damaged('a known wire type', `${wireType}`);
    }
  }

  #pushValue(byte: number): void {
    this.hash = Math.imul(this.hash + byte + 1, 0x2c1b3c6d) ^ (this.hash >>> 15);
    this.position++;
    switch (this.part) {
      case 'text':
        if (byte === 0) this.#end();
        break;
      case 'varint':
      case 'length':
        if (this.position > 10) throw damaged('a varint of at most 10 bytes', 'more');
        this.number += (byte & 127) * 2 ** (7 * (this.position - 1));
        if (byte < 128) this.#endVarint();
        break;
      default:
        if (--this.left === 0) this.#end();
    }
  }

  #endVarint(): void {
    const { level } = this;
    if (this.part === 'varint') {
      if (this.tag >> 3 === 1) level.product *= this.number;
      if (this.tag >> 3 === 2) level.type = this.number;
      this.#end();
    } else if (this.number === 0) {
      this.#end();
    } else {
      this.part = 'body';
      this.left = this.number;
      this.position = 0;
    }
  }

  #end(): void {
    this.level.lastValue = this.hash;
    this.part = 'tag';
    this.position = 0;
  }
}

function damaged(expected: string, received: string): Error {
  return encodeError('ERR_GSM_FORMAT', `skeleton: expected ${expected}, received ${received}`);
}
