import type { ByteSource } from './byte-source.js';

/** Output bytes: given, copied from a source when written, or produced when written. */
export type Chunk =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'range'; readonly source: ByteSource; readonly start: number; readonly end: number }
  | {
      readonly kind: 'stream';
      readonly byteLength: number;
      /** Pieces that add up to exactly `byteLength` bytes; each is valid until the next is asked for. Called once a write. */
      readonly read: () => Iterable<Uint8Array>;
    };

/** Byte arrays up to this size are copied together into one chunk. */
const SMALL_BYTES = 4096;
const TAIL_MIN = 64;
const TAIL_MAX = 64 * 2 ** 10;

/**
 * A rope of output bytes whose length is known before any of them is produced.
 *
 * Small byte arrays are copied when they are pushed, large ones (over 4 KiB) are kept by reference and must not change.
 * Adjacent ranges of one source merge.
 */
export class ChunkList {
  #chunks: Chunk[] = [];
  #byteLength = 0;
  /** Small bytes not yet made a chunk. */
  #tail: Uint8Array | undefined;
  #tailLength = 0;

  /** A list of just `bytes`. */
  static of(bytes: Uint8Array): ChunkList {
    return new ChunkList().push(bytes);
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** The chunks in order; the list may grow afterwards, what was returned does not. */
  get chunks(): readonly Chunk[] {
    this.#sealTail();
    return [...this.#chunks];
  }

  /** Appends bytes. */
  push(bytes: Uint8Array): this {
    if (bytes.byteLength === 0) return this;
    this.#byteLength += bytes.byteLength;
    if (bytes.byteLength <= SMALL_BYTES) this.#pushSmall(bytes);
    else this.#pushChunk({ kind: 'bytes', bytes });
    return this;
  }

  /** Appends the bytes [start, end) of `source`, which are read when the list is written. */
  pushRange(source: ByteSource, start: number, end: number): this {
    if (!(start >= 0 && start <= end && end <= source.byteLength)) {
      throw new Error(`range [${start}, ${end}) is not within a source of ${source.byteLength} bytes`);
    }
    if (end === start) return this;
    this.#byteLength += end - start;
    const last = this.#tailLength === 0 ? this.#chunks.at(-1) : undefined;
    if (last?.kind === 'range' && last.source === source && last.end === start) {
      this.#chunks[this.#chunks.length - 1] = { kind: 'range', source, start: last.start, end };
    } else if (source.isResident && end - start <= SMALL_BYTES) {
      this.#pushSmall(source.read(start, end));
    } else {
      this.#pushChunk({ kind: 'range', source, start, end });
    }
    return this;
  }

  /** Appends `byteLength` bytes that `read` produces when the list is written, once a write. */
  pushStream(byteLength: number, read: () => Iterable<Uint8Array>): this {
    if (byteLength === 0) return this;
    this.#byteLength += byteLength;
    this.#pushChunk({ kind: 'stream', byteLength, read });
    return this;
  }

  /** Appends what `list` holds now. */
  append(list: ChunkList): this {
    for (const chunk of list.chunks) {
      if (chunk.kind === 'bytes') this.push(chunk.bytes);
      else if (chunk.kind === 'range') this.pushRange(chunk.source, chunk.start, chunk.end);
      else this.pushStream(chunk.byteLength, chunk.read);
    }
    return this;
  }

  #pushSmall(bytes: Uint8Array): void {
    const needed = this.#tailLength + bytes.byteLength;
    if (needed > TAIL_MAX) this.#sealTail();
    const length = this.#tailLength + bytes.byteLength;
    if (this.#tail === undefined || this.#tail.byteLength < length) {
      const larger = new Uint8Array(Math.max(TAIL_MIN, length * 2));
      if (this.#tail !== undefined) larger.set(this.#tail.subarray(0, this.#tailLength));
      this.#tail = larger;
    }
    this.#tail.set(bytes, this.#tailLength);
    this.#tailLength = length;
  }

  #pushChunk(chunk: Chunk): void {
    this.#sealTail();
    this.#chunks.push(chunk);
  }

  #sealTail(): void {
    if (this.#tail === undefined || this.#tailLength === 0) return;
    this.#chunks.push({ kind: 'bytes', bytes: this.#tail.subarray(0, this.#tailLength) });
    this.#tail = undefined;
    this.#tailLength = 0;
  }
}
