import type { Attribute } from '../ir/attribute.js';
import type { Model } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';
import { assertModelSize, writeWithExternalData } from '../wire/external-writer.js';
import { writeAtomically, type WriteOptions } from '../wire/write-file.js';
import { ExternalTensors } from './external-placement.js';
import { saveCopy } from './save-copy.js';
import { isUnedited, writeModel } from './write-model.js';
import { isOutside } from './write-tensor.js';

/** 'auto': beside the model when the input's were, or when the file would reach 1.8 GB; 'always'; 'never' (an error from 2 GiB on). */
export type ExternalDataMode = 'auto' | 'always' | 'never';

/** Where tensors go, and how the file is written. */
export interface SaveOptions extends WriteOptions {
  /** Where tensors of 1 KiB and more go; default 'auto'. */
  readonly externalData?: ExternalDataMode;
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
  if (mode === 'auto' && outside.length > 0 && isUnedited(model)) {
    if (await saveCopy(model, outside, path, options)) return;
  }
  if (mode === 'always' || (mode === 'auto' && outside.length > 0)) return saveBeside(model, path, options);
  const chunks = writeModel(model);
  if (mode === 'auto' && chunks.byteLength >= EXTERNAL_FROM_BYTES) return saveBeside(model, path, options);
  assertModelSize(chunks.byteLength, path);
  await writeAtomically(path, chunks, options);
}

async function saveBeside(model: Model, path: string, options: SaveOptions): Promise<void> {
  const tensors = new ExternalTensors();
  writeModel(model, tensors);
  await writeWithExternalData(path, tensors.bytes(), (placed) => writeModel(model, tensors.settle(placed)), options);
}

/** Every tensor the model holds: in initializers and attributes of all scopes, and in defaults of functions. */
function* tensorsOf(model: Model): Iterable<Tensor> {
  for (const { defaults } of model.functions) for (const item of defaults?.values() ?? []) yield* tensorsIn(item);
  for (const scope of model.scopes()) {
    for (const value of scope.values()) {
      if (value.initializer) yield value.initializer;
      if (value.sparse) yield* [value.sparse.values, value.sparse.indices];
    }
    for (const node of scope.nodes()) {
      for (const item of node.attributes.values()) yield* tensorsIn(item);
    }
  }
}

function tensorsIn({ content }: Attribute): readonly Tensor[] {
  if (content.type === 'tensor') return [content.value];
  return content.type === 'tensors' ? content.value : [];
}
