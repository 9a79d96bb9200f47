import { lstatSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Model } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';
import type { ByteSource } from '../wire/byte-source.js';
import { ChunkList } from '../wire/chunk.js';
import { openExternalFile } from '../wire/external-path.js';
import { readExternalReference } from '../wire/external-reference.js';
import { FileSource } from '../wire/file-source.js';
import { makeFolders } from '../wire/make-folders.js';
import { asWriteError, writeAtomically, type WriteOptions } from '../wire/write-file.js';
import { writeModel } from './write-model.js';
import { inPlace } from './write-tensor.js';

const PIECE_BYTES = 4 * 2 ** 20;

/** A data file and where its copy goes. */
interface Copy {
  readonly location: string;
  readonly target: string;
}

/**
 * Writes an unedited model byte for byte to `path`, with the data files it names (those of the tensors `outside`) beside it under
 * their names. What was written is taken away again should the model not get there.
 *
 * Resolves to false, with nothing written, when one of those names is taken by a file with other content: a model there may still read it.
 */
export async function saveCopy(
  model: Model,
  outside: readonly Tensor[],
  path: string,
  options: WriteOptions,
): Promise<boolean> {
  const undo: (() => Promise<void>)[] = [];
  let isReplaced = false;
  try {
    const copies = plan(model, outside, path);
    if (copies === undefined) return false;
    for (const copy of copies) {
      await makeFolders(resolve(dirname(path)), dirname(copy.location), undo);
      await copyFile(model, copy, { ...options, onRenamed: (target) => undo.push(() => unlink(target)) });
    }
    await writeAtomically(path, writeModel(model, inPlace), { ...options, onRenamed: () => (isReplaced = true) });
    return true;
  } catch (error) {
    if (!isReplaced) for (const step of undo.reverse()) await step().catch(() => undefined);
    throw asWriteError(error, path);
  }
}

/** What has to be copied: nothing that is there already. Undefined when a name is taken. */
function plan(model: Model, outside: readonly Tensor[], path: string): Copy[] | undefined {
  const locations = new Set(outside.map((tensor) => readExternalReference(tensor.origin!).location));
  const copies: Copy[] = [];
  for (const location of locations) {
    const target = resolve(join(dirname(path), location));
    if (target === resolve(join(dirname(model.path!), location))) continue;
    if (lstatSync(target, { throwIfNoEntry: false }) === undefined) copies.push({ location, target });
    else if (!holdsTheSame(model, { location, target })) return undefined;
  }
  return copies;
}

function holdsTheSame(model: Model, { location, target }: Copy): boolean {
  if (!lstatSync(target).isFile()) return false;
  const source = openExternalFile(model.path!, location, 'trusted');
  try {
    const other = new FileSource(target);
    try {
      return sameBytes(source, other);
    } finally {
      other.close();
    }
  } finally {
    source.close();
  }
}

function sameBytes(a: ByteSource, b: ByteSource): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let at = 0; at < a.byteLength; at += PIECE_BYTES) {
    const end = Math.min(at + PIECE_BYTES, a.byteLength);
    if (Buffer.compare(a.read(at, end), b.read(at, end)) !== 0) return false;
  }
  return true;
}

async function copyFile(
  model: Model,
  { location, target }: Copy,
  options: Parameters<typeof writeAtomically>[2],
): Promise<void> {
  const source = openExternalFile(model.path!, location, 'trusted');
  try {
    await writeAtomically(target, new ChunkList().pushRange(source, 0, source.byteLength), options);
  } finally {
    source.close();
  }
}
