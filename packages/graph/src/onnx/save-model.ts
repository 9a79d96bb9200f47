import { basename } from 'node:path';
import type { Model } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';
import { readExternalReference } from '../wire/external-reference.js';
import { assertModelSize, writeWithExternalData } from '../wire/external-writer.js';
import { isDataFileOf, type NamedDataOptions, writeWithNamedData } from '../wire/named-data-writer.js';
import { writeAtomically } from '../wire/write-file.js';
import { ExternalTensors } from './external-placement.js';
import { saveCopy } from './save-copy.js';
import { tensorsOf } from './tensors-of.js';
import { isUnedited, writeModel } from './write-model.js';
import { isOutside } from './write-tensor.js';

/** 'auto': beside the model when the input's were, or when the file would reach 1.8 GB; 'always'; 'never' (an error from 2 GiB on). */
export type ExternalDataMode = 'auto' | 'always' | 'never';

/** Where tensors go, and how the file is written. */
export interface SaveOptions extends NamedDataOptions {
  /** Where tensors of 1 KiB and more go; default 'auto'. */
  readonly externalData?: ExternalDataMode;
  /**
   * 'content': one data file, named by its content, so that a model on disk always names the bytes it was written with. 'layout': the names
   * that transformers.js looks for, `<model>_data`, `<model>_data_1`, ...; only where no such file is, as in a folder that is being made.
   * Default 'content'.
   */
  readonly dataNames?: 'content' | 'layout';
}

/** From here on a model's tensors go beside it: readers refuse files of 2 GiB, and metadata still has to fit. */
const EXTERNAL_FROM_BYTES = 1.8e9;

/**
 * Writes the model to `path`, whole or not at all; the file it was read from may be the same path. Parts that were not edited are
 * copied byte for byte; an unedited model with external data is copied together with its data files (or, where the name of one is
 * taken by another file, written with a data file of its own). Throws ERR_MODEL_TOO_LARGE,
 * ERR_DISK_FULL, ERR_WRITE_FAILED, ERR_ABORTED.
 */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<void> {
  const mode = options.externalData ?? 'auto';
  const outside = [...tensorsOf(model)].filter(isOutside);
  if (mode === 'auto' && outside.length > 0 && isUnedited(model) && keepsNames(outside, path, options)) {
    if (await saveCopy(model, outside, path, options)) return;
  }
  if (mode === 'always' || (mode === 'auto' && outside.length > 0)) return saveBeside(model, path, options);
  const chunks = writeModel(model);
  if (mode === 'auto' && chunks.byteLength >= EXTERNAL_FROM_BYTES) return saveBeside(model, path, options);
  assertModelSize(chunks.byteLength, path);
  await writeAtomically(path, chunks, options);
}

/** True when the data files may have the names they had. */
function keepsNames(outside: readonly Tensor[], path: string, { dataNames }: SaveOptions): boolean {
  if (dataNames !== 'layout') return true;
  return outside.every(({ origin }) => isDataFileOf(basename(path), readExternalReference(origin!).location));
}

async function saveBeside(model: Model, path: string, options: SaveOptions): Promise<void> {
  const tensors = new ExternalTensors();
  writeModel(model, tensors);
  const write = options.dataNames === 'layout' ? writeWithNamedData : writeWithExternalData;
  await write(path, tensors.bytes(), (placed) => writeModel(model, tensors.settle(placed)), options);
}
