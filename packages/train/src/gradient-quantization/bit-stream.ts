/** Appends bits, the highest of a number first. */
export class BitWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** Bits written. */
  get length(): number {
    return this.#length;
  }

  /** The low `count` bits of `value`, count in [0, 32]. */
  write(value: number, count: number): void {
    if (this.#length + count > 8 * this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    for (let bit = count - 1; bit >= 0; bit--, this.#length++) {
      this.#bytes[this.#length >>> 3]! |= ((value >>> bit) & 1) << (7 - (this.#length & 7));
    }
  }

  /** A copy of what was written; the last byte is filled up with zeros. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, Math.ceil(this.#length / 8));
  }
}

/** Reads what a BitWriter wrote. Beyond the end there are zeros. */
export class BitReader {
  #position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** The next `count` bits as an unsigned number, count in [0, 32]. */
  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#position++) {
      value = 2 * value + (((this.bytes[this.#position >>> 3] ?? 0) >>> (7 - (this.#position & 7))) & 1);
    }
    return value;
  }
}
