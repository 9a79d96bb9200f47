import { GossamerError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { writeAtomically, type WriteOptions } from '../wire/write-file.js';
import { writeModel } from './write-model.js';

export type SaveOptions = WriteOptions;

/**
 * Writes the model to `path`, whole or not at all; the file it was read from may be the same path. Parts that were not edited are
 * copied byte for byte.
 */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<void> {
  const chunks = writeModel(model);
  if (chunks.byteLength >= 2 ** 31 - 1) {
    throw new GossamerError('ERR_MODEL_TOO_LARGE', `${path}: expected < 2 GiB, received ${chunks.byteLength} bytes`);
  }
  await writeAtomically(path, chunks, options);
}
