import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { wireError } from '../wire/error-codes.js';
import { keepTempFile, sweepTempFiles, tempPath } from '../wire/temp-file.js';
import { removeTempFolder } from '../wire/temp-folder.js';
import { asWriteError, syncDirectory, type WriteOptions } from '../wire/write-file.js';
import { folderError } from './error-codes.js';

export interface FolderWriteOptions extends WriteOptions {
  /** Replace an existing folder of models (one with a config.json), or an empty one; default false. */
  readonly force?: boolean;
  /** Folders the destination must not be, contain or lie in: the inputs. */
  readonly inputs?: readonly string[];
  /** What `force` may replace, other than an empty folder; default: a folder with a config.json. */
  readonly isReplaceable?: (folder: string) => boolean;
}

/**
 * Makes a folder at `destination` whole or not at all: `fill` writes into a temporary one beside it, which is then renamed. What fails, an
 * abort included, leaves nothing behind. With `force`, what was there is moved aside first and removed afterwards; should the process
 * die in between, it is found under the temporary name.
 *
 * Throws ERR_OUTPUT_EXISTS, ERR_OUTPUT_PATH, ERR_WRITE_FAILED, ERR_DISK_FULL, ERR_ABORTED and what `fill` throws.
 */
export async function writeFolder(
  destination: string,
  options: FolderWriteOptions,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const target = resolve(destination);
  const staging = tempPath(target);
  keepTempFile(staging);
  try {
    assertFolderWritable(target, options);
    sweepTempFiles(target);
    await mkdir(staging);
    await fill(staging);
    throwIfAborted(options, target);
    if (options.fsync !== false) await syncFolders(staging);
    await replace(staging, target, options);
  } catch (error) {
    throw asWriteError(error, destination);
  } finally {
    await removeTempFolder(staging);
  }
}

/** Throws before any work is done when the folder could not be written anyway. */
export function assertFolderWritable(destination: string, options: FolderWriteOptions): void {
  const { force = false, inputs = [], isReplaceable = hasConfig } = options;
  const target = resolve(destination);
  const parent = dirname(target);
  if (!existsSync(parent) || !statSync(parent).isDirectory()) {
    throw folderError('ERR_OUTPUT_PATH', `output: expected a path in an existing folder, received ${destination}`);
  }
  const place = join(realpathSync(parent), basename(target));
  for (const input of inputs) {
    const source = realpathSync(input);
    if (isInside(source, place) || isInside(place, source)) {
      throw folderError('ERR_OUTPUT_PATH', `output: expected a folder apart from the input, received ${destination}`);
    }
  }
  const stats = lstatSync(target, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isDirectory()) {
    throw folderError('ERR_OUTPUT_EXISTS', `output: expected a folder, received a file or link at ${destination}`);
  }
  const isEmpty = readdirSync(target).length === 0;
  if (!force && !isEmpty) {
    throw folderError('ERR_OUTPUT_EXISTS', `output: expected a new path (or force), received ${destination}`);
  }
  if (isEmpty || isReplaceable(target)) return;
  const text = `output: expected a folder of models to replace, received another at ${destination}`;
  throw folderError('ERR_OUTPUT_EXISTS', text);
}

const hasConfig = (folder: string): boolean => existsSync(join(folder, 'config.json'));

/** True when `path` is `folder` or lies in it. */
function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

async function replace(staging: string, target: string, options: FolderWriteOptions): Promise<void> {
  const isThere = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
  // Under another ending than temporary files have, which are swept: it holds what was there.
  const aside = isThere ? tempPath(target).replace(/tmp$/, 'old') : undefined;
  if (aside !== undefined) {
    // Something may have come meanwhile.
    assertFolderWritable(target, options);
    await rename(target, aside);
  }
  try {
    await rename(staging, target);
  } catch (error) {
    if (aside !== undefined) await rename(aside, target);
    throw error;
  }
  if (aside !== undefined) await discard(aside);
  if (options.fsync !== false) await syncDirectory(dirname(target));
}

/** Removes what was there before; what cannot be removed gets the name of temporary files, so that the next save does it. */
async function discard(aside: string): Promise<void> {
  const garbage = aside.replace(/old$/, 'tmp');
  const found = await rename(aside, garbage).then(
    () => garbage,
    () => aside,
  );
  await rm(found, { recursive: true, force: true }).catch(() => undefined);
}

async function syncFolders(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name));
  }
  await syncDirectory(folder);
}

function throwIfAborted({ signal }: FolderWriteOptions, path: string): void {
  if (signal?.aborted !== true) return;
  throw wireError('ERR_ABORTED', `${path}: expected to be written, received an abort`, { cause: signal.reason });
}
