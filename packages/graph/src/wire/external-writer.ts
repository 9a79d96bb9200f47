import { unlink } from 'node:fs/promises';
import { lstatSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ChunkList } from './chunk.js';
import { concatChunks, encodeInt, encodeMessage, encodeString } from './encode.js';
import { wireError } from './error-codes.js';
import { StringStringEntryProto, TensorProto } from './onnx-schema.js';
import { writeAtomically, writeNamedByContent, type WriteOptions } from './write-file.js';

/** Readers built on 32-bit protobuf sizes reject files from here on. */
export const MODEL_BYTE_LIMIT = 2 ** 31 - 1;

/** Hex digits of the content hash in a data file's name: 64 bits tell apart the versions of one model. */
const HASH_DIGITS = 16;
/** TensorProto.DataLocation.EXTERNAL. */
const EXTERNAL = 1;

/** Where one tensor's bytes lie in the data file. */
export interface ExternalPlacement {
  /** Name of the data file, which stands beside the model. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface ExternalWriteOptions extends WriteOptions {
  /** Every tensor starts at a multiple of this; 4096 fits memory pages, 65536 also Windows mappings. Default 4096. */
  readonly alignment?: 4096 | 65536;
}

export interface ExternalWriteResult {
  /** The data file written, undefined when there was no tensor to put there. */
  readonly dataPath: string | undefined;
  readonly modelBytes: number;
  readonly dataBytes: number;
}

/**
 * Writes a model whose large tensors stand in one data file beside it.
 *
 * `tensors` are the raw bytes of each tensor, in the order they shall lie in the file; `encodeModel` gets their placements in that
 * order and returns the model. It is called twice (the second time with the final name) and must return equally many bytes.
 *
 * The data file is `<model>.<hash>.data`, the hash being of its content: a model on disk always names the bytes it was written with,
 * whatever is saved over it later or if a save is cut short between the two files. It is complete before the model is replaced, and
 * removed again should the model fail. Data files of earlier saves are left alone, as other models or open readers may use them.
 *
 * Throws ERR_MODEL_TOO_LARGE before anything is written, and what `writeAtomically` throws. Progress counts the bytes of both files.
 */
export async function writeWithExternalData(
  path: string,
  tensors: readonly ChunkList[],
  encodeModel: (placements: readonly ExternalPlacement[]) => ChunkList,
  options: ExternalWriteOptions = {},
): Promise<ExternalWriteResult> {
  const model = resolve(path);
  const { offsets, data } = layOut(tensors, options.alignment ?? 4096);
  const place = (location: string) =>
    encodeModel(offsets.map((offset, i) => ({ location, offset, length: tensors[i]!.byteLength })));
  const { byteLength } = place(dataName(model, ''));
  assertModelSize(byteLength, path);

  const total = data.byteLength + byteLength;
  const progress = (before: number): WriteOptions => ({
    ...options,
    onProgress: ({ done }) => options.onProgress?.({ done: before + done, total }),
  });
  if (tensors.length === 0) {
    await writeAtomically(model, place(dataName(model, '')), progress(0));
    return { dataPath: undefined, modelBytes: byteLength, dataBytes: 0 };
  }
  let isNew = true;
  const nameOf = (hash: string): string => {
    const name = dataName(model, hash);
    // Not existsSync, which takes a disk that cannot answer for a file that is not there.
    isNew = lstatSync(join(dirname(model), name), { throwIfNoEntry: false }) === undefined;
    return name;
  };
  let written: string | undefined;
  let isReplaced = false;
  try {
    const onData = (target: string) => (written = target);
    const dataPath = await writeNamedByContent(`${model}.data`, data, nameOf, { ...progress(0), onRenamed: onData });
    const chunks = place(basename(dataPath));
    if (chunks.byteLength !== byteLength) throw new Error('encodeModel: two calls returned models of different sizes');
    const onModel = () => (isReplaced = true);
    await writeAtomically(model, chunks, { ...progress(data.byteLength), onRenamed: onModel });
    return { dataPath, modelBytes: byteLength, dataBytes: data.byteLength };
  } catch (error) {
    // A model that is in place needs its data, even if the disk failed after that.
    if (written !== undefined && isNew && !isReplaced) await unlink(written).catch(() => undefined);
    throw error;
  }
}

/** Throws ERR_MODEL_TOO_LARGE when a model file of this size could not be read by others. */
export function assertModelSize(byteLength: number, path: string): void {
  if (byteLength < MODEL_BYTE_LIMIT) return;
  const limit = `fewer than ${MODEL_BYTE_LIMIT} bytes`;
  throw wireError(
    'ERR_MODEL_TOO_LARGE',
    `${path}: expected ${limit} in a model file (use external data), received ${byteLength}`,
  );
}

/** The fields external_data and data_location of a TensorProto. */
export function encodePlacement({ location, offset, length }: ExternalPlacement): ChunkList {
  const entries = { location, offset: String(offset), length: String(length) };
  const { key, value } = StringStringEntryProto.no;
  return concatChunks(
    ...Object.entries(entries).map(([name, text]) =>
      encodeMessage(TensorProto.no.external_data, concatChunks(encodeString(key, name), encodeString(value, text))),
    ),
    encodeInt(TensorProto.no.data_location, EXTERNAL),
  );
}

/** `hash` '' stands for one not known yet. Characters that strict readers refuse in a location become '_'. */
function dataName(model: string, hash: string): string {
  const stem = basename(model).replace(/[^A-Za-z0-9._-]/g, '_');
  return `${stem}.${hash.slice(0, HASH_DIGITS).padEnd(HASH_DIGITS, '0')}.data`;
}

/** Offset of each tensor, aligned, and the bytes of a file that holds them so. */
export function layOut(tensors: readonly ChunkList[], alignment: number): { offsets: number[]; data: ChunkList } {
  const data = new ChunkList();
  const offsets: number[] = [];
  for (const tensor of tensors) {
    if (tensor.byteLength > 0) data.push(new Uint8Array((alignment - (data.byteLength % alignment)) % alignment));
    offsets.push(tensor.byteLength > 0 ? data.byteLength : 0);
    data.append(tensor);
  }
  return { offsets, data };
}
