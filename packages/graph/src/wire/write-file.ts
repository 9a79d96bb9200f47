import { createHash } from 'node:crypto';
import { constants, lstatSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ChunkList } from './chunk.js';
import { wireError } from './error-codes.js';
import { readChunks } from './read-chunks.js';
import { forgetTempFile, keepTempFile, sweepTempFiles, tempPath } from './temp-file.js';

/** Small pieces gather up to this size before they are written. */
const GATHER_BYTES = 2 ** 20;

export interface WriteOptions {
  /** Aborts between pieces of at most 4 MiB; nothing is left behind. */
  readonly signal?: AbortSignal;
  /** Called as bytes are written; `done` and `total` in bytes. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Flush file and directory to the disk before resolving; default true. */
  readonly fsync?: boolean;
}

/** For callers inside this package that own more than one file. */
export interface RenameWatch {
  /** Called with the final path once the new file is there; what fails afterwards (the flush of its directory) does not take it back. */
  readonly onRenamed?: (target: string) => void;
}

/**
 * Writes `chunks` to `path` so that the path holds either what it held before or all of the new bytes.
 *
 * The bytes go to a temporary file in the same directory, which is renamed over `path` at the end; on an error or abort it is removed.
 * Sources of the chunks may be the file at `path` itself: its old bytes stay readable until the sources are closed. A symbolic link at
 * `path` is replaced, not followed. Memory stays bounded whatever the size. Throws ERR_DISK_FULL, ERR_WRITE_FAILED, ERR_NOT_A_FILE
 * (when `path` is a directory or device) or ERR_ABORTED.
 */
export async function writeAtomically(
  path: string,
  chunks: ChunkList,
  options: WriteOptions & RenameWatch = {},
): Promise<void> {
  const target = resolve(path);
  await writeThenRename(target, chunks, options, () => target);
}

/**
 * Writes `chunks` beside `draft` and then gives the file the name that `nameOf` makes of its SHA-256 (hex); resolves to that path.
 *
 * Otherwise as `writeAtomically`. A file that has the name already holds the same bytes and is replaced.
 */
export async function writeNamedByContent(
  draft: string,
  chunks: ChunkList,
  nameOf: (sha256: string) => string,
  options: WriteOptions & RenameWatch = {},
): Promise<string> {
  const hash = createHash('sha256');
  const directory = dirname(resolve(draft));
  const target = () => join(directory, nameOf(hash.digest('hex')));
  return writeThenRename(resolve(draft), chunks, options, target, (bytes) => hash.update(bytes));
}

/** The temporary file is named after `draft`; `targetOf` is asked for the final path when all bytes are written. */
async function writeThenRename(
  draft: string,
  chunks: ChunkList,
  options: WriteOptions & RenameWatch,
  targetOf: () => string,
  onBytes?: (bytes: Uint8Array) => void,
): Promise<string> {
  throwIfAborted(options.signal, draft);
  const temp = tempPath(draft);
  try {
    const mode = targetMode(draft);
    sweepTempFiles(draft);
    keepTempFile(temp);
    await writeTempFile(temp, mode, draft, chunks, options, onBytes);
    throwIfAborted(options.signal, draft);
    const target = targetOf();
    if (target !== draft) targetMode(target);
    await rename(temp, target);
    options.onRenamed?.(target);
    if (options.fsync !== false) await syncDirectory(dirname(target));
    return target;
  } catch (error) {
    await unlink(temp).catch(() => undefined);
    throw asWriteError(error, draft);
  } finally {
    forgetTempFile(temp);
  }
}

async function writeTempFile(
  temp: string,
  mode: number,
  path: string,
  chunks: ChunkList,
  options: WriteOptions,
  onBytes: ((bytes: Uint8Array) => void) | undefined,
): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const file = await open(temp, flags, mode);
  try {
    const total = chunks.byteLength;
    let done = 0;
    for (const piece of gatherSmall(readChunks(chunks), Math.min(GATHER_BYTES, total))) {
      throwIfAborted(options.signal, path);
      await writeFully(file, piece);
      onBytes?.(piece);
      done += piece.byteLength;
      options.onProgress?.({ done, total });
    }
    if (options.fsync !== false) await file.sync();
  } finally {
    await file.close();
  }
}

/** Joins small pieces into one of up to `capacity` bytes, valid until the next is asked for; larger ones pass as they are. */
function* gatherSmall(pieces: Iterable<Uint8Array>, capacity: number): Generator<Uint8Array, void, undefined> {
  const gathered = Buffer.allocUnsafeSlow(capacity);
  let held = 0;
  for (const piece of pieces) {
    if (held > 0 && held + piece.byteLength > capacity) {
      yield gathered.subarray(0, held);
      held = 0;
    }
    if (piece.byteLength >= capacity) {
      yield piece;
    } else {
      gathered.set(piece, held);
      held += piece.byteLength;
    }
  }
  if (held > 0) yield gathered.subarray(0, held);
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at);
    if (bytesWritten === 0) {
      throw wireError('ERR_WRITE_FAILED', `write: expected ${bytes.byteLength - at} bytes to be taken, received none`);
    }
    at += bytesWritten;
  }
}

/** Permission bits for the new file: those of the file it replaces, else the default. Refuses what is not a file. */
function targetMode(target: string): number {
  const stats = lstatSync(target, { throwIfNoEntry: false });
  if (stats === undefined || stats.isSymbolicLink()) return 0o666;
  if (!stats.isFile()) throw wireError('ERR_NOT_A_FILE', `${target}: expected a file to write, received another kind`);
  return stats.mode & 0o777;
}

/** Flushes the names in a directory to the disk. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory; there the rename is journalled.
  if (process.platform === 'win32') return;
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function throwIfAborted(signal: AbortSignal | undefined, path: string): void {
  if (signal?.aborted !== true) return;
  throw wireError('ERR_ABORTED', `${path}: expected to be written, received an abort`, { cause: signal.reason });
}

/** What the system says about a write as a code of ours; an error that is ours already passes. */
export function asWriteError(error: unknown, path: string): unknown {
  if (typeof error !== 'object' || error === null || !('syscall' in error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return wireError('ERR_DISK_FULL', `${path}: expected space for the file, received ${code}`, { cause: error });
  }
  return wireError('ERR_WRITE_FAILED', `${path}: expected a writable path, received ${code}`, { cause: error });
}
