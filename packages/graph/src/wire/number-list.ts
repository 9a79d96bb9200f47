import type { ByteRange } from './byte-source.js';
import { wireError } from './error-codes.js';
import type { WireBudget } from './limits.js';
import type { FieldKind } from './schema.js';
import {
  VARINT_BYTES,
  varintToBigInt,
  varintToBigUint,
  varintToInt32,
  varintToSafeInt,
  varintToWords,
} from './varint.js';

/** Encoded bytes read at once while decoding. */
const PIECE_BYTES = 2 ** 20;

/** One occurrence of a repeated numeric field: a packed run of values, or a single one. */
export interface NumberPart extends ByteRange {
  readonly packed: boolean;
}

/**
 * A repeated numeric field, decoded on demand into the form the caller wants.
 *
 * Every decoder counts first (`count`) and allocates the result once. Encoded data is read in pieces, so a list larger than
 * memory can be counted. Decoders of another kind than the field's throw a plain Error.
 */
export class NumberList {
  readonly #label: string;
  readonly #kind: FieldKind;
  readonly #parts: readonly NumberPart[];
  readonly #budget: WireBudget;
  readonly #read: (range: ByteRange) => Uint8Array;
  #count: number | undefined;

  constructor(
    label: string,
    kind: FieldKind,
    parts: readonly NumberPart[],
    budget: WireBudget,
    read: (range: ByteRange) => Uint8Array,
  ) {
    this.#label = label;
    this.#kind = kind;
    this.#parts = parts;
    this.#budget = budget;
    this.#read = read;
  }

  /** Encoded bytes, without tags and lengths. */
  get byteLength(): number {
    return this.#parts.reduce((sum, part) => sum + (part.end - part.start), 0);
  }

  /** Number of elements. Throws ERR_TENSOR_DATA when a packed run ends within an element, ERR_BAD_VARINT. */
  get count(): number {
    return (this.#count ??= this.#parts.reduce((sum, part) => sum + this.#countPart(part), 0));
  }

  toBigInts(): bigint[] {
    this.#budget.checkList(this.count);
    if (this.#kind === 'int32') return this.toSafeInts().map(BigInt);
    const decode = this.#kind === 'uint64' ? varintToBigUint : varintToBigInt;
    const values: bigint[] = [];
    this.#eachVarint((bytes, start, end) => values.push(decode(bytes, start, end)));
    return values;
  }

  toSafeInts(): number[] {
    this.#budget.checkList(this.count);
    const decode = this.#kind === 'int32' ? varintToInt32 : varintToSafeInt;
    const values: number[] = [];
    this.#eachVarint((bytes, start, end) => values.push(decode(bytes, start, end, this.#label)));
    return values;
  }

  toInt32(): Int32Array {
    this.#expectKind('int32');
    const values = new Int32Array(this.count);
    let index = 0;
    this.#eachVarint((bytes, start, end) => (values[index++] = varintToInt32(bytes, start, end, this.#label)));
    return values;
  }

  toInt64(): BigInt64Array {
    this.#expectKind('int64');
    return new BigInt64Array(this.#words());
  }

  toUint64(): BigUint64Array {
    this.#expectKind('uint64');
    return new BigUint64Array(this.#words());
  }

  /** Bit for bit. */
  toFloat32(): Float32Array {
    this.#expectKind('float');
    return new Float32Array(this.fixedBytes());
  }

  /** Bit for bit. */
  toFloat64(): Float64Array {
    this.#expectKind('double');
    return new Float64Array(this.fixedBytes());
  }

  /** The elements of a float or double list as stored: little-endian, one after another. */
  fixedBytes(): ArrayBuffer {
    const bytes = new Uint8Array(this.count * this.#fixedWidth());
    let offset = 0;
    this.#eachPiece((piece) => {
      bytes.set(piece, offset);
      offset += piece.byteLength;
    });
    return bytes.buffer;
  }

  #words(): ArrayBuffer {
    const words = new Uint32Array(this.count * 2);
    let at = 0;
    this.#eachVarint((bytes, start, end) => {
      varintToWords(bytes, start, end, words, at);
      at += 2;
    });
    return words.buffer;
  }

  #expectKind(kind: FieldKind): void {
    if (this.#kind !== kind) throw new Error(`${this.#label}: a list of ${this.#kind}, not of ${kind}`);
  }

  /** Bytes of one element; 0 for varints. */
  #fixedWidth(): number {
    if (this.#kind === 'float') return 4;
    return this.#kind === 'double' ? 8 : 0;
  }

  #countPart(part: NumberPart): number {
    if (!part.packed) return 1;
    const byteLength = part.end - part.start;
    const width = this.#fixedWidth();
    if (width === 0) return this.#countVarints(part);
    if (byteLength % width === 0) return byteLength / width;
    throw wireError('ERR_TENSOR_DATA', `${this.#label}: expected a multiple of ${width} bytes, received ${byteLength}`);
  }

  // A varint ends at each byte without its high bit.
  #countVarints(part: NumberPart): number {
    let count = 0;
    let last = 0;
    this.#eachPieceOf(part, (piece) => {
      for (let i = 0; i < piece.length; i++) count += (piece[i]! >> 7) ^ 1;
      last = piece[piece.length - 1]!;
    });
    if (last < 0x80) return count;
    throw wireError('ERR_BAD_VARINT', `${this.#label}: expected whole varints, received a list that ends within one`);
  }

  #eachPiece(use: (piece: Uint8Array) => void): void {
    for (const part of this.#parts) this.#eachPieceOf(part, use);
  }

  #eachPieceOf({ source, start, end }: NumberPart, use: (piece: Uint8Array) => void): void {
    for (let at = start; at < end; at += PIECE_BYTES) {
      use(this.#read({ source, start: at, end: Math.min(at + PIECE_BYTES, end) }));
    }
  }

  /** Calls `use` with each varint's bytes [start, end), in order. */
  #eachVarint(use: (bytes: Uint8Array, start: number, end: number) => void): void {
    const split = new Uint8Array(VARINT_BYTES);
    let held = 0;
    this.#eachPiece((piece) => {
      let start = 0;
      for (let i = 0; i < piece.length; i++) {
        if (held + i - start >= VARINT_BYTES) throw this.#badVarint();
        if (piece[i]! >= 0x80) continue;
        this.#checkLastByte(held + i - start, piece[i]!);
        if (held === 0) {
          use(piece, start, i + 1);
        } else {
          split.set(piece.subarray(start, i + 1), held);
          use(split, 0, held + i + 1 - start);
          held = 0;
        }
        start = i + 1;
      }
      // A varint that goes on in the next piece.
      split.set(piece.subarray(start), held);
      held += piece.length - start;
    });
  }

  #checkLastByte(index: number, byte: number): void {
    if (index === VARINT_BYTES - 1 && byte > 1) throw this.#badVarint();
  }

  #badVarint(): Error {
    return wireError(
      'ERR_BAD_VARINT',
      `${this.#label}: expected varints of 64 bits in at most 10 bytes, received a longer one`,
    );
  }
}
