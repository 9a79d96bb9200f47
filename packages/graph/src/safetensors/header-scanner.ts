import { isUtf8 } from 'node:buffer';
import { GossamerError } from '../errors.js';
import type { SafetensorsLimits } from './limits.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Reads JSON of a known shape from bytes, token by token.
 *
 * `JSON.parse` would hide repeated keys, recurse as deep as the file wants and build whatever it holds; here every token is one
 * that the format has at that place, so nesting needs no limit and memory follows what is kept. Throws ERR_SAFETENSORS_HEADER,
 * ERR_BAD_UTF8 or ERR_STRING_LENGTH.
 */
export class HeaderScanner {
  readonly #bytes: Buffer;
  readonly #limits: SafetensorsLimits;
  #at = 0;
  #stringBytes = 0;

  constructor(bytes: Uint8Array, limits: SafetensorsLimits) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
  }

  /** Calls `each` with every key of an object, the scanner standing at its value. */
  object(each: (key: string) => void): void {
    this.#expect('{');
    if (this.#accept('}')) return;
    do {
      const key = this.string();
      this.#expect(':');
      each(key);
    } while (this.#accept(','));
    this.#expect('}');
  }

  /** An array of at most `limit` non-negative integers. */
  integers(limit: number): number[] {
    const values: number[] = [];
    this.#expect('[');
    if (this.#accept(']')) return values;
    do {
      if (values.length === limit) throw this.#malformed(`at most ${limit} numbers`);
      values.push(this.#integer());
    } while (this.#accept(','));
    this.#expect(']');
    return values;
  }

  string(): string {
    this.#expect('"');
    const start = this.#at;
    let isEscaped = false;
    let isAscii = true;
    for (let byte = this.#bytes[this.#at]; byte !== QUOTE; byte = this.#bytes[this.#at]) {
      if (byte === undefined || byte < 0x20) throw this.#malformed('a string without control characters');
      if (byte === BACKSLASH) isEscaped = true;
      if (byte > 0x7f) isAscii = false;
      this.#at += byte === BACKSLASH ? 2 : 1;
    }
    const end = this.#at++;
    this.#stringBytes += end - start;
    const { maxStringBytes } = this.#limits;
    if (this.#stringBytes > maxStringBytes) {
      throw new GossamerError('ERR_STRING_LENGTH', `header: expected at most ${maxStringBytes} bytes of strings`);
    }
    // Most strings are; a view of each would be what a large header costs most.
    if (isAscii && !isEscaped) return this.#bytes.toString('latin1', start, end);
    return this.#decode(start, end, isEscaped);
  }

  /** Passes over a value of any kind, however deep. */
  skip(): void {
    const open: string[] = [];
    do {
      this.#skipSpace();
      const character = String.fromCharCode(this.#bytes[this.#at] ?? 0);
      if (character === '"') this.string();
      else if (character === '{' || character === '[') open.push(this.#take());
      else if (character === '}' || character === ']') this.#close(open);
      else if (open.length > 0 && (character === ',' || character === ':')) this.#at++;
      else this.#word();
    } while (open.length > 0);
  }

  /** Throws unless only white space is left. */
  end(): void {
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw this.#malformed('the end of the header');
  }

  #take(): string {
    return String.fromCharCode(this.#bytes[this.#at++]!);
  }

  #close(open: string[]): void {
    const opening = open.pop();
    if (opening === undefined || (opening === '{') !== (this.#bytes[this.#at] === 0x7d)) {
      throw this.#malformed('brackets in pairs');
    }
    this.#at++;
  }

  /** A number, true, false or null. */
  #word(): void {
    const start = this.#at;
    while (/[-+.\w]/.test(String.fromCharCode(this.#bytes[this.#at] ?? 0))) this.#at++;
    if (this.#at === start) throw this.#malformed('a value');
  }

  #decode(start: number, end: number, isEscaped: boolean): string {
    if (!isUtf8(this.#bytes.subarray(start, end))) {
      throw new GossamerError('ERR_BAD_UTF8', `header byte ${start}: expected UTF-8, received other bytes`);
    }
    const text = this.#bytes.toString('utf8', start, end);
    if (!isEscaped) return text;
    let value: string;
    try {
      value = JSON.parse(`"${text}"`) as string;
    } catch (cause) {
      throw this.#malformed('a string with escapes of JSON', cause);
    }
    // "\ud800" alone is no character: it has no UTF-8.
    if (/\p{Surrogate}/u.test(value)) throw this.#malformed('whole characters');
    return value;
  }

  #integer(): number {
    this.#skipSpace();
    const start = this.#at;
    let value = 0;
    for (let byte = this.#bytes[start]!; byte >= ZERO && byte <= NINE; byte = this.#bytes[++this.#at]!) {
      value = value * 10 + (byte - ZERO);
      if (!Number.isSafeInteger(value)) throw this.#malformed('integers below 2^53');
    }
    const hasLeadingZero = this.#bytes[start] === ZERO && this.#at > start + 1;
    if (this.#at === start || hasLeadingZero) throw this.#malformed('a non-negative integer');
    return value;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw this.#malformed(`"${token}"`);
  }

  #accept(token: string): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== token.charCodeAt(0)) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (let byte = this.#bytes[this.#at]; isSpace(byte); byte = this.#bytes[this.#at]) this.#at++;
  }

  #malformed(expected: string, cause?: unknown): Error {
    const byte = this.#bytes[this.#at];
    const received = byte === undefined ? 'the end' : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    const message = `header byte ${this.#at}: expected ${expected}, received ${received}`;
    return new GossamerError('ERR_SAFETENSORS_HEADER', message, cause === undefined ? undefined : { cause });
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
