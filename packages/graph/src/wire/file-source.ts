import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from './byte-source.js';
import { wireError } from './error-codes.js';

/** One positional read; above 2^31 - 1 bytes Node's own call fails. */
const READ_LIMIT = 64 * 2 ** 20;
/** Window after a jump: a few field headers. */
const WINDOW_MIN = 4 * 2 ** 10;
/** Window while reading on: doubles up to this. */
const WINDOW_MAX = 64 * 2 ** 10;

export interface FileSourceOptions {
  /** Refuse a path whose last component is a symbolic link; default false. */
  readonly noFollow?: boolean;
}

interface FileStamp {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly nlink: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

const abandoned = new FinalizationRegistry<number>(closeQuietly);

/**
 * A ByteSource over a regular file, read on demand by position through a small window.
 *
 * The open descriptor pins the file: renaming another over its path does not disturb it. A file changed in place (size or
 * modification time) is reported as ERR_FILE_CHANGED by the read that notices. Throws ERR_FILE_NOT_FOUND, ERR_NOT_A_FILE
 * or ERR_READ_FAILED on opening.
 */
export class FileSource implements ByteSource {
  readonly path: string;
  readonly identity: string;
  readonly isResident = false;
  readonly byteLength: number;
  /** Names the file's inode whatever its size and time: `dev:ino`. */
  readonly inode: string;
  /** Number of names (hard links) the file had when opened. */
  readonly linkCount: number;
  #fd: number | undefined;
  readonly #stamp: FileStamp;
  #window: Buffer | undefined;
  #windowStart = 0;
  #windowLength = 0;
  #windowSize = WINDOW_MIN;

  constructor(path: string, options: FileSourceOptions = {}) {
    this.path = path;
    this.#fd = openForReading(path, options.noFollow ?? false);
    try {
      this.#stamp = regularFileStamp(this.#fd, path);
    } catch (error) {
      closeQuietly(this.#fd);
      throw error;
    }
    const { dev, ino, nlink, size, mtimeNs } = this.#stamp;
    this.byteLength = Number(size);
    this.inode = `${dev}:${ino}`;
    this.linkCount = Number(nlink);
    this.identity = `${dev}:${ino}:${size}:${mtimeNs}`;
    abandoned.register(this, this.#fd, this);
  }

  read(start: number, end: number): Uint8Array {
    const length = this.#checkRange(start, end);
    // Unpooled when large, so that one kept piece does not pin others.
    const target = length < 2048 ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length);
    this.readInto(start, target);
    return target;
  }

  readInto(start: number, target: Uint8Array): void {
    const length = this.#checkRange(start, start + target.byteLength);
    if (length > WINDOW_MAX || length === 0) return this.#pread(start, target);
    if (start < this.#windowStart || start + length > this.#windowStart + this.#windowLength) {
      this.#moveWindow(start, length);
    }
    const offset = start - this.#windowStart;
    target.set(this.#window!.subarray(offset, offset + length));
  }

  close(): void {
    if (this.#fd === undefined) return;
    abandoned.unregister(this);
    closeQuietly(this.#fd);
    this.#fd = undefined;
    this.#window = undefined;
    this.#windowLength = 0;
  }

  #checkRange(start: number, end: number): number {
    if (!(start >= 0 && start <= end && end <= this.byteLength)) {
      const range = `[${start}, ${end})`;
      throw wireError(
        'ERR_TRUNCATED',
        `${this.path}: expected a range within ${this.byteLength} bytes, received ${range}`,
      );
    }
    return end - start;
  }

  /** Reading on doubles the window; a jump shrinks it, so that skipping over tensors reads only field headers. */
  #moveWindow(start: number, length: number): void {
    const windowEnd = this.#windowStart + this.#windowLength;
    const readsOn = start >= this.#windowStart && start <= windowEnd;
    this.#windowSize = readsOn ? Math.min(this.#windowSize * 2, WINDOW_MAX) : WINDOW_MIN;
    const size = Math.min(Math.max(this.#windowSize, length), this.byteLength - start);
    this.#window ??= Buffer.allocUnsafeSlow(WINDOW_MAX);
    this.#windowLength = 0;
    this.#pread(start, this.#window.subarray(0, size));
    this.#windowStart = start;
    this.#windowLength = size;
  }

  #pread(start: number, target: Uint8Array): void {
    if (this.#fd === undefined)
      throw wireError('ERR_SOURCE_CLOSED', `${this.path}: expected an open source, received a closed one`);
    let done = 0;
    while (done < target.byteLength) {
      const wanted = Math.min(target.byteLength - done, READ_LIMIT);
      let count: number;
      try {
        count = readSync(this.#fd, target, done, wanted, start + done);
      } catch (cause) {
        throw wireError('ERR_READ_FAILED', `${this.path}: expected readable bytes, received an I/O error`, { cause });
      }
      if (count === 0) break;
      done += count;
    }
    this.#assertUnchanged();
    if (done < target.byteLength) {
      throw wireError('ERR_TRUNCATED', `${this.path}: expected ${this.byteLength} bytes, received ${start + done}`);
    }
  }

  #assertUnchanged(): void {
    const { size, mtimeNs } = statsOf(this.#fd!, this.path);
    if (size === this.#stamp.size && mtimeNs === this.#stamp.mtimeNs) return;
    throw wireError(
      'ERR_FILE_CHANGED',
      `${this.path}: expected the file to stay as it was when opened, received a changed one`,
    );
  }
}

function openForReading(path: string, noFollow: boolean): number {
  // O_NONBLOCK: opening a FIFO would wait for its writer. Both flags are absent on Windows.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (noFollow ? (constants.O_NOFOLLOW ?? 0) : 0);
  try {
    return openSync(path, flags);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw wireError('ERR_FILE_NOT_FOUND', `${path}: expected a file, received nothing at this path`, { cause });
    }
    if (code === 'EISDIR' || code === 'ENXIO' || code === 'ELOOP') {
      throw wireError('ERR_NOT_A_FILE', `${path}: expected a regular file, received another kind (${code})`, { cause });
    }
    throw wireError('ERR_READ_FAILED', `${path}: expected a readable file, received ${code}`, { cause });
  }
}

function regularFileStamp(fd: number, path: string): FileStamp {
  const stats = statsOf(fd, path);
  if (!stats.isFile()) throw wireError('ERR_NOT_A_FILE', `${path}: expected a regular file, received another kind`);
  const { dev, ino, nlink, size, mtimeNs } = stats;
  return { dev, ino, nlink, size, mtimeNs };
}

function statsOf(fd: number, path: string): BigIntStats {
  try {
    return fstatSync(fd, { bigint: true });
  } catch (cause) {
    throw wireError('ERR_READ_FAILED', `${path}: expected a readable file, received an I/O error`, { cause });
  }
}

/** Nothing is lost when a file that was only read cannot be closed, and nothing can be done. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The descriptor is gone either way.
  }
}
