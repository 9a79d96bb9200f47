import { encodeError } from '../error-codes.js';

/** Reads what a ByteWriter wrote. Throws ERR_GSM_FORMAT at the end of the bytes. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#at;
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) {
      throw encodeError(
        'ERR_GSM_FORMAT',
        `stream: expected ${length} bytes more, received ${this.#bytes.length - this.#at}`,
      );
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A view of what is left. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at);
  }

  /** Throws ERR_GSM_FORMAT unless the integer is below 2^53 and in as few bytes as it needs. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const [byte] = this.bytes(1);
      value += (byte! % 128) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 49) {
        throw encodeError('ERR_GSM_FORMAT', 'varint: expected at most 53 bits, received more');
      }
      if (byte! < 128) {
        if (byte === 0 && scale > 1)
          throw encodeError('ERR_GSM_FORMAT', 'varint: expected no leading zeros, received one');
        return value;
      }
    }
  }
}
