import type { ByteSource } from './byte-source.js';
import { wireError } from './error-codes.js';
import { VARINT_BYTES } from './varint.js';

/** Bytes read at once when walking a message that is not in memory: dozens of field headers. */
const HEADER_WINDOW = 1024;
/** Tags are 32-bit varints. */
const TAG_BYTES = 5;

/** Encoded bytes in memory that start at position `base` of their source. */
export interface MessageBody {
  readonly bytes: Buffer;
  readonly base: number;
}

/** Walks the bytes [start, end) of a source forward, reading a window at a time unless they are in memory. */
export class FieldCursor {
  readonly #source: ByteSource;
  readonly #end: number;
  #bytes: Uint8Array;
  #base: number;
  #index: number;
  /** End of the readable part of `#bytes`. */
  #stop: number;

  constructor(source: ByteSource, start: number, end: number, body: MessageBody | undefined) {
    this.#source = source;
    this.#end = end;
    this.#bytes = body?.bytes ?? new Uint8Array(0);
    this.#base = body?.base ?? start;
    this.#index = start - this.#base;
    this.#stop = body === undefined ? 0 : end - this.#base;
  }

  /** Position in the source of the next byte. */
  get position(): number {
    return this.#base + this.#index;
  }

  /** Passes a tag and returns fieldNumber * 8 + wireType, as an unsigned 32-bit number. Throws ERR_BAD_TAG. */
  tag(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (let i = 1; i < TAG_BYTES; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) {
        if (value < 2 ** 32) return value;
        break;
      }
    }
    throw wireError(
      'ERR_BAD_TAG',
      `byte ${this.position}: expected a tag of 32 bits in at most 5 bytes, received a longer one`,
    );
  }

  /** Passes a varint and returns it as a number, inexact from 2^53 on. Throws ERR_BAD_VARINT. */
  varint(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (let i = 1; i < VARINT_BYTES; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) {
        if (i < VARINT_BYTES - 1 || byte <= 1) return value;
        break;
      }
    }
    throw wireError(
      'ERR_BAD_VARINT',
      `byte ${this.position}: expected a varint of 64 bits in at most 10 bytes, received a longer one`,
    );
  }

  /** Passes `count` bytes without reading them. Throws ERR_TRUNCATED. */
  skip(count: number): void {
    if (count > this.#end - this.position) {
      const left = this.#end - this.position;
      throw wireError(
        'ERR_TRUNCATED',
        `byte ${this.position}: expected at most ${left} more bytes in this message, received ${count}`,
      );
    }
    this.#index += count;
    if (this.#index <= this.#stop) return;
    this.#base += this.#index;
    this.#index = 0;
    this.#stop = 0;
  }

  #byte(): number {
    if (this.#index >= this.#stop) this.#refill();
    return this.#bytes[this.#index++]!;
  }

  #refill(): void {
    const position = this.position;
    if (position >= this.#end) {
      throw wireError('ERR_TRUNCATED', `byte ${position}: expected more bytes, received the end of the message`);
    }
    this.#bytes = this.#source.read(position, Math.min(position + HEADER_WINDOW, this.#end));
    this.#base = position;
    this.#index = 0;
    this.#stop = this.#bytes.byteLength;
  }
}
