import { lstatSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { wireError } from './error-codes.js';
import { FileSource } from './file-source.js';

/**
 * How far links in a data file's path may lead.
 *
 * `trusted`: symbolic links as long as the file they end at is under the model's directory or under that of the model's own link
 * target (the layout of the Hugging Face cache); hard links are fine. `untrusted`: no links of any kind, and a plain file name.
 */
export type ExternalTrust = 'trusted' | 'untrusted';

/**
 * Opens the data file that `location` names for the model at `modelPath`.
 *
 * The location is relative, stays inside by spelling and after links are resolved, and names a regular file that is not the model
 * itself. The opened file is compared with what the path resolves to afterwards, so a link swapped in between is noticed. Throws
 * ERR_EXTERNAL_PATH, ERR_FILE_NOT_FOUND, ERR_NOT_A_FILE or ERR_READ_FAILED.
 */
export function openExternalFile(modelPath: string, location: string, trust: ExternalTrust): FileSource {
  checkSpelling(location, trust);
  try {
    return openContained(modelPath, location, trust);
  } catch (cause) {
    throw asPathError(cause, location);
  }
}

function openContained(modelPath: string, location: string, trust: ExternalTrust): FileSource {
  const candidate = join(dirname(resolve(modelPath)), location);
  const real = containedPath(modelPath, candidate, location, trust);
  const source = new FileSource(real, { noFollow: true });
  try {
    if (containedPath(modelPath, candidate, location, trust) !== real || inodeOf(real) !== source.inode) {
      throw refusal(location, 'a path that stays the same while it is opened', 'one that changed');
    }
    if (inodeOf(realpathSync(modelPath)) === source.inode) throw refusal(location, 'another file', 'the model itself');
    if (trust === 'untrusted' && source.linkCount !== 1) throw refusal(location, 'a file with one name', 'a hard link');
    return source;
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Refuses locations by their spelling alone: what no sound writer produces on any platform. */
function checkSpelling(location: string, trust: ExternalTrust): void {
  if (trust === 'untrusted' && !/^[A-Za-z0-9._-]+$/.test(location)) {
    throw refusal(location, 'a file name of letters, digits, ".", "_" and "-"', 'another spelling');
  }
  if (location.includes('\0') || location.includes('\\')) {
    throw refusal(location, 'a path with forward slashes', 'a NUL or a backslash');
  }
  if (location.startsWith('/') || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(location)) {
    throw refusal(location, 'a relative path', 'an absolute one or a URL');
  }
  const parts = location.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || location.endsWith('/')) throw refusal(location, 'a file', 'a directory');
  if (parts.includes('..')) throw refusal(location, 'a path without ".."', 'one with it');
}

/** The path `candidate` resolves to, which is a regular file inside an allowed directory. */
function containedPath(modelPath: string, candidate: string, location: string, trust: ExternalTrust): string {
  if (trust === 'untrusted' && lstatSync(candidate).isSymbolicLink()) {
    throw refusal(location, 'a file', 'a symbolic link');
  }
  const real = realpathSync(candidate);
  const model = resolve(modelPath);
  const directories = [realpathSync(dirname(model))];
  if (trust === 'trusted') directories.push(dirname(realpathSync(model)));
  if (!directories.some((directory) => isInside(directory, real))) {
    throw refusal(location, "a file in the model's directory", 'a link out of it');
  }
  if (!lstatSync(real).isFile()) {
    throw wireError(
      'ERR_NOT_A_FILE',
      `external data ${quote(location)}: expected a regular file, received another kind`,
    );
  }
  return real;
}

function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function inodeOf(path: string): string {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** What the system says as a code of ours; an error that is ours already passes. */
function asPathError(cause: unknown, location: string): unknown {
  if (typeof cause !== 'object' || cause === null || !('syscall' in cause)) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const message = `external data ${quote(location)}: expected a file beside the model, received nothing there`;
    return wireError('ERR_FILE_NOT_FOUND', message, { cause });
  }
  if (code === 'ELOOP' || code === 'ENAMETOOLONG') return refusal(location, 'a path that resolves', code, cause);
  const message = `external data ${quote(location)}: expected a readable file, received ${code}`;
  return wireError('ERR_READ_FAILED', message, { cause });
}

function refusal(location: string, expected: string, received: string, cause?: unknown): Error {
  const message = `external data ${quote(location)}: expected ${expected}, received ${received}`;
  return wireError('ERR_EXTERNAL_PATH', message, cause === undefined ? undefined : { cause });
}

/** A location from a file for an error message: escaped, at most 80 characters. */
function quote(location: string): string {
  return JSON.stringify(location.slice(0, 80));
}
