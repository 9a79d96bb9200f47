/** Random access to bytes that do not change as long as the source is open. */
export interface ByteSource {
  /** Total bytes: a safe integer, may exceed 4 GiB. */
  readonly byteLength: number;
  /** Where the bytes live, when they live in a file. */
  readonly path: string | undefined;
  /** `dev:ino:size:mtimeNs` of a file, a unique id of a memory block. */
  readonly identity: string;
  /** True when `read` returns a view of memory that is held anyway, at no cost. */
  readonly isResident: boolean;
  /** Bytes [start, end): a fresh copy or a view; callers must not write to it. Throws ERR_TRUNCATED when out of range. */
  read(start: number, end: number): Uint8Array;
  /** Fills `target` with the bytes from `start` on. Throws ERR_TRUNCATED when out of range. */
  readInto(start: number, target: Uint8Array): void;
  /** Releases what the source holds; later reads throw ERR_SOURCE_CLOSED. */
  close(): void;
}

/** The bytes [start, end) of a source. */
export interface ByteRange {
  readonly source: ByteSource;
  readonly start: number;
  readonly end: number;
}
