/** Gathers bytes, varints and other pieces. */
export class ByteWriter {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  bytes(piece: Uint8Array): this {
    this.#pieces.push(piece);
    this.#length += piece.length;
    return this;
  }

  /** An integer in [0, 2^53): 7 bits a byte, the lowest first, the top bit set where more follow. */
  varint(value: number): this {
    const piece: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) piece.push((rest % 128) + 128);
    piece.push(rest);
    return this.bytes(Uint8Array.from(piece));
  }

  finish(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}
