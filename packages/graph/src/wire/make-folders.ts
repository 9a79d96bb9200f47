import { lstatSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { wireError } from './error-codes.js';

/**
 * Creates the folders of a location that a model chose under `root`, one by one; what takes each away again is added to `undo`. A link
 * among them could lead outside and is refused: ERR_EXTERNAL_PATH.
 */
export async function makeFolders(root: string, folders: string, undo: (() => Promise<void>)[]): Promise<void> {
  let folder = root;
  for (const name of folders.split(/[/\\]/).filter((part) => part !== '' && part !== '.')) {
    folder = join(folder, name);
    const found = lstatSync(folder, { throwIfNoEntry: false });
    if (!found) {
      const made = folder;
      await mkdir(made);
      undo.push(() => rmdir(made));
    } else if (!found.isDirectory()) {
      throw wireError('ERR_EXTERNAL_PATH', `${folder}: expected a folder for external data, received a link or file`);
    }
  }
}
