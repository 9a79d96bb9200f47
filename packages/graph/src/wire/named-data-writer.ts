import { lstatSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { ChunkList } from './chunk.js';
import { wireError } from './error-codes.js';
import { assertModelSize, type ExternalPlacement, type ExternalWriteOptions, layOut } from './external-writer.js';
import { asWriteError, writeAtomically, type WriteOptions } from './write-file.js';

/** A browser takes a file as one buffer, which may have 2^31 - 1 bytes; what follows it in a page is small. */
const FILE_BYTES = 2e9;

export interface NamedDataOptions extends ExternalWriteOptions {
  /** Most bytes of one data file; a larger tensor has a file of its own. Default 2e9. */
  readonly maxDataBytes?: number;
}

/**
 * Writes a model whose large tensors stand in `<model file>_data`, `<model file>_data_1`, ... beside it, the names that transformers.js
 * looks for. Otherwise as `writeWithExternalData`.
 *
 * Such names are safe only where nothing reads the folder yet: a file that has one is never replaced (ERR_WRITE_FAILED). Into a folder
 * that becomes visible as a whole, by a rename.
 */
export async function writeWithNamedData(
  path: string,
  tensors: readonly ChunkList[],
  encodeModel: (placements: readonly ExternalPlacement[]) => ChunkList,
  options: NamedDataOptions = {},
): Promise<void> {
  const model = resolve(path);
  const files = split(tensors, options.maxDataBytes ?? FILE_BYTES).map((group, index) => {
    const name = dataFileName(basename(model), index);
    return { name, group, ...layOut(group, options.alignment ?? 4096) };
  });
  const placements = files.flatMap(({ name, group, offsets }) =>
    group.map((tensor, i) => ({ location: name, offset: offsets[i]!, length: tensor.byteLength })),
  );
  const chunks = encodeModel(placements);
  assertModelSize(chunks.byteLength, path);
  const total = files.reduce((sum, { data }) => sum + data.byteLength, chunks.byteLength);
  let before = 0;
  const progress = (): WriteOptions => {
    const start = before;
    return { ...options, onProgress: ({ done }) => options.onProgress?.({ done: start + done, total }) };
  };
  const written: string[] = [];
  let isReplaced = false;
  try {
    for (const { name, data } of files) {
      const target = join(dirname(model), name);
      if (lstatSync(target, { throwIfNoEntry: false })) {
        throw wireError('ERR_WRITE_FAILED', `${target}: expected no file of this name, received one`);
      }
      await writeAtomically(target, data, { ...progress(), onRenamed: () => written.push(target) });
      before += data.byteLength;
    }
    await writeAtomically(model, chunks, { ...progress(), onRenamed: () => (isReplaced = true) });
  } catch (error) {
    if (!isReplaced) for (const file of written) await unlink(file).catch(() => undefined);
    throw asWriteError(error, path);
  }
}

/** The name of data file `index` of a model file: `<file>_data`, `<file>_data_1`, ... Source: transformers.js, src/utils/model-loader.js. */
export function dataFileName(fileName: string, index: number): string {
  return `${fileName}_data${index === 0 ? '' : `_${index}`}`;
}

/** The model file whose data file has this name; undefined for any other name. */
export function modelFileOfData(name: string): string | undefined {
  return /^(.+\.onnx)_data(?:_[1-9]\d*)?$/.exec(name)?.[1];
}

/** True when `location` is a name that transformers.js gives to data of the model file. */
export function isDataFileOf(fileName: string, location: string): boolean {
  return modelFileOfData(location) === fileName;
}

/** The tensors in groups of at most `limit` bytes, in their order. */
function split(tensors: readonly ChunkList[], limit: number): ChunkList[][] {
  const groups: ChunkList[][] = [];
  let size = Infinity;
  for (const tensor of tensors) {
    if (size + tensor.byteLength > limit) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(tensor);
    size += tensor.byteLength;
  }
  return groups;
}
