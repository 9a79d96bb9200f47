import type { ByteSource } from '../wire/byte-source.js';
import { wireError } from '../wire/error-codes.js';

/** Shard files kept open at once: descriptors are few, and a model may have hundreds of shards. */
const OPEN_SHARDS = 8;

interface Shard {
  readonly open: () => ByteSource;
  readonly identity: string;
  /** Where the shard begins in the whole. */
  readonly start: number;
  readonly end: number;
}

/**
 * The bytes of one group of a weights manifest: its shard files one after another. A weight may lie across shards. Files are opened
 * when read and closed when others are needed; one that was replaced in between is reported as ERR_FILE_CHANGED.
 */
export class ShardSource {
  readonly byteLength: number;
  readonly #shards: Shard[] = [];
  readonly #open = new Map<Shard, ByteSource>();

  /** Opens every shard once, for its size. */
  constructor(shards: readonly (() => ByteSource)[]) {
    let at = 0;
    for (const open of shards) {
      const source = open();
      const shard = { open, identity: source.identity, start: at, end: at + source.byteLength };
      this.#shards.push(shard);
      this.#keep(shard, source);
      at = shard.end;
    }
    this.byteLength = at;
  }

  /** Bytes [start, end), a view where one resident shard holds them all, else a fresh copy. */
  read(start: number, end: number): Uint8Array {
    const parts = this.#shards.filter((shard) => shard.start < end && shard.end > start);
    const [only] = parts;
    if (only && parts.length === 1) return this.#use(only).read(start - only.start, end - only.start);
    const target = new Uint8Array(end - start);
    for (const shard of parts) {
      const from = Math.max(start, shard.start);
      const to = Math.min(end, shard.end);
      this.#use(shard).readInto(from - shard.start, target.subarray(from - start, to - start));
    }
    return target;
  }

  close(): void {
    for (const source of this.#open.values()) source.close();
    this.#open.clear();
  }

  #use(shard: Shard): ByteSource {
    const opened = this.#open.get(shard);
    if (opened) return opened;
    const source = shard.open();
    if (source.identity !== shard.identity) {
      source.close();
      throw wireError(
        'ERR_FILE_CHANGED',
        `${source.path ?? 'shard'}: expected the file that was opened first, received another or a changed one`,
      );
    }
    this.#keep(shard, source);
    return source;
  }

  #keep(shard: Shard, source: ByteSource): void {
    this.#open.set(shard, source);
    if (this.#open.size <= OPEN_SHARDS) return;
    const [oldest, first] = this.#open.entries().next().value!;
    // Memory needs no descriptor, and closing it would give it up.
    if (!first.isResident) first.close();
    this.#open.delete(oldest);
  }
}
