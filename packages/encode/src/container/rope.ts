import type { ListType } from './varint-list.js';

/** A piece of a file: bytes, or the data of the payload `index`, where `list` says so as varints. */
export type Piece =
  { readonly bytes: Uint8Array } | { readonly index: number; readonly byteLength: number; readonly list?: ListType };

/** Pieces in a row, gathered without copies. */
export class Rope {
  readonly #pieces: Piece[] = [];
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  push(piece: Piece): this {
    this.#pieces.push(piece);
    this.#byteLength += 'bytes' in piece ? piece.bytes.length : piece.byteLength;
    return this;
  }

  append(rope: Rope): this {
    for (const piece of rope.#pieces) this.push(piece);
    return this;
  }

  /** The pieces, bytes that follow one another joined. */
  pieces(): readonly Piece[] {
    const joined: Piece[] = [];
    let run: Uint8Array[] = [];
    const flush = () => {
      if (run.length > 0) joined.push({ bytes: Buffer.concat(run) });
      run = [];
    };
    for (const piece of this.#pieces) {
      if ('bytes' in piece) {
        run.push(piece.bytes);
      } else {
        flush();
        joined.push(piece);
      }
    }
    flush();
    return joined;
  }
}
