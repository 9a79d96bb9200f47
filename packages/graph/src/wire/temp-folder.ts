import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { forgetTempFile, keepTempFile, sweepTempFiles, tempPath } from './temp-file.js';
import { asWriteError } from './write-file.js';

/**
 * Makes a folder beside `target` for files that will be moved to it, under a temporary name that tells this process. What savers of
 * the same target left behind when they were killed is removed first. Should this process exit, the folder goes with it.
 *
 * Throws ERR_DISK_FULL or ERR_WRITE_FAILED.
 */
export async function makeTempFolder(target: string): Promise<string> {
  const folder = tempPath(resolve(target));
  sweepTempFiles(resolve(target));
  keepTempFile(folder);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    forgetTempFile(folder);
    throw asWriteError(error, target);
  }
  return folder;
}

/** Removes a folder that `makeTempFolder` made, with all that is in it; what cannot be removed is left to the next save. */
export async function removeTempFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  forgetTempFile(folder);
}
