import type { ByteSource } from '@gossamer/graph/onnx';
import { encodeError } from '../error-codes.js';
import type { Gsm } from './gsm.js';
import type { RestoredFile } from './restore-file.js';

/** Decoded tensors kept, in bytes; the one used last always is. */
const KEPT_BYTES = 64 * 2 ** 20;

let nextId = 1;

/** The ONNX file of a .gsm, with all tensors inside, as bytes that are decoded when they are read. */
export class GsmSource implements ByteSource {
  readonly path = undefined;
  readonly identity = `gsm:${nextId++}`;
  readonly isResident = false;
  readonly byteLength: number;
  readonly #gsm: Gsm;
  readonly #pieces: RestoredFile['pieces'];
  /** Where each piece begins. */
  readonly #starts: Float64Array;
  readonly #kept = new Map<number, Uint8Array>();
  #keptBytes = 0;

  constructor(gsm: Gsm, { pieces, byteLength }: RestoredFile) {
    this.#gsm = gsm;
    this.#pieces = pieces;
    this.byteLength = byteLength;
    this.#starts = new Float64Array(pieces.length);
    let at = 0;
    for (const [i, piece] of pieces.entries()) {
      this.#starts[i] = at;
      at += 'bytes' in piece ? piece.bytes.length : piece.byteLength;
    }
  }

  read(start: number, end: number): Uint8Array {
    const target = new Uint8Array(Math.max(0, end - start));
    this.readInto(start, target);
    return target;
  }

  readInto(start: number, target: Uint8Array): void {
    const end = start + target.length;
    if (!(start >= 0 && end <= this.byteLength)) {
      throw encodeError(
        'ERR_ENCODE_OPTION',
        `read: expected a range within ${this.byteLength} bytes, received [${start}, ${end})`,
      );
    }
    for (let i = this.#pieceAt(start); i < this.#pieces.length && this.#starts[i]! < end; i++) {
      const from = Math.max(start, this.#starts[i]!);
      const bytes = this.#bytesOf(i);
      const offset = from - this.#starts[i]!;
      target.set(bytes.subarray(offset, offset + end - from), from - start);
    }
  }

  close(): void {
    this.#kept.clear();
    this.#gsm.close();
  }

  /** The last piece that begins at or before `position`. */
  #pieceAt(position: number): number {
    let low = 0;
    for (let high = this.#pieces.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #bytesOf(piece: number): Uint8Array {
    const content = this.#pieces[piece]!;
    if ('bytes' in content) return content.bytes;
    const found = this.#kept.get(piece);
    if (found) return found;
    const bytes = this.#gsm.readPiece(content);
    for (const [other, { length }] of this.#kept) {
      if (this.#keptBytes + bytes.length <= KEPT_BYTES) break;
      this.#kept.delete(other);
      this.#keptBytes -= length;
    }
    this.#kept.set(piece, bytes);
    this.#keptBytes += bytes.length;
    return bytes;
  }
}
