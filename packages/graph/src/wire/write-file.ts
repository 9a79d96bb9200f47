import { constants, lstatSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
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

/**
 * Writes `chunks` to `path` so that the path holds either what it held before or all of the new bytes.
 *
 * The bytes go to a temporary file in the same directory, which is renamed over `path` at the end; on an error or abort it is removed.
 * Sources of the chunks may be the file at `path` itself: its old bytes stay readable until the sources are closed. A symbolic link at
 * `path` is replaced, not followed. Memory stays bounded whatever the size. Throws ERR_DISK_FULL, ERR_WRITE_FAILED, ERR_NOT_A_FILE
 * (when `path` is a directory or device) or ERR_ABORTED.
 */
export async function writeAtomically(path: string, chunks: ChunkList, options: WriteOptions = {}): Promise<void> {
  const target = resolve(path);
  throwIfAborted(options.signal, path);
  const mode = targetMode(target, path);
  sweepTempFiles(target);
  const temp = tempPath(target);
  try {
    keepTempFile(temp);
    await writeTempFile(temp, mode, chunks, options, path);
    throwIfAborted(options.signal, path);
    await rename(temp, target);
    if (options.fsync !== false) await syncDirectory(dirname(target));
  } catch (error) {
    await unlink(temp).catch(() => undefined);
    throw asWriteError(error, path);
  } finally {
    forgetTempFile(temp);
  }
}

async function writeTempFile(
  temp: string,
  mode: number,
  chunks: ChunkList,
  options: WriteOptions,
  path: string,
): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const file = await open(temp, flags, mode);
  try {
    await writePieces(file, chunks, options, path);
    if (options.fsync !== false) await file.sync();
  } finally {
    await file.close();
  }
}

async function writePieces(file: FileHandle, chunks: ChunkList, options: WriteOptions, path: string): Promise<void> {
  const total = chunks.byteLength;
  const gathered = Buffer.allocUnsafeSlow(Math.min(GATHER_BYTES, Math.max(total, 1)));
  let held = 0;
  let done = 0;
  const put = async (bytes: Uint8Array): Promise<void> => {
    throwIfAborted(options.signal, path);
    await writeFully(file, bytes);
    done += bytes.byteLength;
    options.onProgress?.({ done, total });
  };
  for (const piece of readChunks(chunks)) {
    if (held + piece.byteLength > gathered.byteLength && held > 0) {
      await put(gathered.subarray(0, held));
      held = 0;
    }
    if (piece.byteLength > gathered.byteLength) {
      await put(piece);
    } else {
      gathered.set(piece, held);
      held += piece.byteLength;
    }
  }
  if (held > 0) await put(gathered.subarray(0, held));
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at);
    at += bytesWritten;
  }
}

/** Permission bits for the new file: those of the file it replaces, else the default. Refuses what is not a file. */
function targetMode(target: string, path: string): number {
  const stats = lstatSync(target, { throwIfNoEntry: false });
  if (stats === undefined || stats.isSymbolicLink()) return 0o666;
  if (!stats.isFile()) throw wireError('ERR_NOT_A_FILE', `${path}: expected a file to write, received another kind`);
  return stats.mode & 0o777;
}

async function syncDirectory(directory: string): Promise<void> {
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

function asWriteError(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return wireError('ERR_DISK_FULL', `${path}: expected space for the file, received ${code}`, { cause: error });
  }
  const isSystemError = error instanceof Error && 'syscall' in error;
  if (!isSystemError) return error;
  return wireError('ERR_WRITE_FAILED', `${path}: expected a writable path, received ${code}`, { cause: error });
}
