import { lstatSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ChunkList } from '../wire/chunk.js';
import { wireError } from '../wire/error-codes.js';
import { FileSource } from '../wire/file-source.js';
import { writeAtomically, type WriteOptions } from '../wire/write-file.js';
import type { ModelFolder } from './model-folder.js';

/**
 * Copies files of `folder`, given by their relative paths, byte for byte to the same places below `target`. Memory stays bounded. Throws
 * ERR_FILE_CHANGED when one became a link since an untrusted folder was opened, and what reading and writing throw.
 */
export async function copyFolderFiles(
  folder: ModelFolder,
  paths: readonly string[],
  target: string,
  options: WriteOptions = {},
): Promise<void> {
  for (const path of paths) {
    await makeFolders(target, dirname(path));
    const source = new FileSource(join(folder.path, path), { noFollow: folder.trust === 'untrusted' });
    try {
      if (folder.trust === 'untrusted' && source.linkCount !== 1) {
        throw wireError('ERR_FILE_CHANGED', `${path}: expected a file with one name, received a hard link`);
      }
      await writeAtomically(join(target, path), new ChunkList().pushRange(source, 0, source.byteLength), options);
    } finally {
      source.close();
    }
  }
}

/** Makes the folders of a relative path below `root`, one by one. */
export async function makeFolders(root: string, path: string): Promise<void> {
  let folder = root;
  for (const name of relative('.', path)
    .split('/')
    .filter((part) => part !== '')) {
    folder = join(folder, name);
    if (!lstatSync(folder, { throwIfNoEntry: false })) await mkdir(folder);
  }
}
