import { type Dirent, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ExternalTrust } from '../wire/external-path.js';
import { folderError } from './error-codes.js';

/** A file of a folder. */
export interface FolderFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
}

/** A folder of a model has a few dozen files; one with more is something else. */
const MAX_FILES = 10_000;
const MAX_DEPTH = 8;

/**
 * Every file of the folder and below, by path; hidden ones (`.git`, `.gitattributes`) are not looked at.
 *
 * 'trusted': a file may be a symbolic link, as in the Hugging Face cache; a folder may not. 'untrusted': no links of any kind, and names
 * of letters, digits, ".", "_", "-", "+", "@" and " ". Throws ERR_MODEL_FOLDER.
 */
export function folderFiles(root: string, trust: ExternalTrust): FolderFile[] {
  const files: FolderFile[] = [];
  walk(root, '', 0, trust, files);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function walk(root: string, prefix: string, depth: number, trust: ExternalTrust, files: FolderFile[]): void {
  if (depth > MAX_DEPTH) throw refuse(prefix, `at most ${MAX_DEPTH} folders inside one another`, 'more');
  for (const entry of readdirSync(join(root, prefix), { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = `${prefix}${entry.name}`;
    if (trust === 'untrusted') requirePlain(root, path, entry);
    if (entry.isDirectory()) {
      walk(root, `${path}/`, depth + 1, trust, files);
      continue;
    }
    if (files.length >= MAX_FILES) throw refuse(root, `at most ${MAX_FILES} files`, 'more');
    files.push({ path, bytes: sizeOf(root, path, entry) });
  }
}

function requirePlain(root: string, path: string, entry: Dirent): void {
  if (!/^[A-Za-z0-9._+@ -]+$/.test(entry.name)) throw refuse(path, 'a plain file name', 'another spelling');
  if (entry.isSymbolicLink()) throw refuse(path, 'a file', 'a symbolic link');
  if (entry.isFile() && lstatSync(join(root, path)).nlink !== 1)
    throw refuse(path, 'a file with one name', 'a hard link');
}

function sizeOf(root: string, path: string, entry: Dirent): number {
  if (!entry.isFile() && !entry.isSymbolicLink()) throw refuse(path, 'a regular file', 'another kind');
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stats) throw refuse(path, 'a link to a file', 'one that leads nowhere');
  if (!stats.isFile()) throw refuse(path, 'a link to a file', 'one to a folder or another kind');
  return stats.size;
}

/** The folder's own path without links; throws ERR_MODEL_FOLDER when it is none. */
export function realFolder(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return realpathSync(path);
  throw folderError('ERR_MODEL_FOLDER', `${path}: expected a folder, received ${stats ? 'a file' : 'nothing there'}`);
}

function refuse(path: string, expected: string, received: string): Error {
  return folderError(
    'ERR_MODEL_FOLDER',
    `${JSON.stringify(path.slice(0, 80))}: expected ${expected}, received ${received}`,
  );
}
