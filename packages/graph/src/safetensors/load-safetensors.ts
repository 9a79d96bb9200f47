import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GossamerError, isGossamerError } from '../errors.js';
import { wireError } from '../wire/error-codes.js';
import { FileSource } from '../wire/file-source.js';
import { loadSharded } from './load-sharded.js';
import { readSafetensors, type Safetensors, type SafetensorsOptions } from './read-safetensors.js';

const INDEX = '.safetensors.index.json';
/** The names that checkpoints have in a folder, the index of a sharded one first. */
const USUAL_NAMES = [`model${INDEX}`, 'model.safetensors'];

/**
 * Opens safetensors of any size: a file, the index of a sharded checkpoint (`model.safetensors.index.json`), or the folder of either. Only
 * headers are read. Descriptors are closed by `close`, or with the last tensor.
 *
 * Throws ERR_TRUNCATED, ERR_HEADER_LENGTH, ERR_NOT_SAFETENSORS, what `parseHeader` throws, ERR_SAFETENSORS_INDEX and ERR_EXTERNAL_PATH (a
 * sharded checkpoint), ERR_FILE_NOT_FOUND, ERR_NOT_A_FILE or ERR_READ_FAILED.
 */
export async function loadSafetensors(path: string, options: SafetensorsOptions = {}): Promise<Safetensors> {
  if (path.endsWith('.json')) return loadSharded(path, options);
  const source = openFile(path);
  if (source === undefined) return loadSafetensors(join(path, nameInFolder(path)), options);
  try {
    return readSafetensors(source, options);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** The opened file; undefined for a folder. */
function openFile(path: string): FileSource | undefined {
  try {
    return new FileSource(path);
  } catch (error) {
    if (isGossamerError(error) && error.code === 'ERR_NOT_A_FILE' && namesIn(path) !== undefined) return undefined;
    throw error;
  }
}

/** The checkpoint of a folder: by its usual name, or the only safetensors file there. */
function nameInFolder(folder: string): string {
  const names = namesIn(folder) ?? [];
  const usual = USUAL_NAMES.find((name) => names.includes(name));
  if (usual !== undefined) return usual;
  const indices = names.filter((name) => name.endsWith(INDEX));
  const found = indices.length > 0 ? indices : names.filter((name) => name.endsWith('.safetensors'));
  if (found.length === 1) return found[0]!;
  throw new GossamerError(
    'ERR_FILE_NOT_FOUND',
    `${folder}: expected one safetensors file or index, received ${found.length}`,
  );
}

/** Names in a folder; undefined for what is none. */
function namesIn(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return undefined;
    throw wireError('ERR_READ_FAILED', `${path}: expected a readable folder, received ${code}`, { cause });
  }
}
