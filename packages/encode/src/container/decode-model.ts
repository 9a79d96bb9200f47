import { basename, dirname, join, resolve } from 'node:path';
import { ChunkList, makeFolders, writeAtomically, type WriteOptions } from '@gossamer/graph/onnx';
import { encodeError } from '../error-codes.js';
import type { Gsm } from './gsm.js';
import type { OutsideFile } from './outside-files.js';

/** The model's file, byte for byte, one piece after another: no more than a tensor is in memory. */
export function* modelPieces(gsm: Gsm): Generator<Uint8Array, void, undefined> {
  const layout = gsm.layout();
  if (!layout) {
    yield gsm.readOpaque();
    return;
  }
  for (const piece of layout.pieces) yield gsm.readPiece(piece);
}

/** The file at position `index` of `gsm.outside`, one piece after another: no more than a tensor is in memory, unless tensors overlap. */
export function* outsidePieces(gsm: Gsm, index: number): Generator<Uint8Array, void, undefined> {
  const file = outsideAt(gsm, index);
  const between = gsm.readGaps(index);
  // Tensors at one place are there once.
  const tensors = [...new Map(file.tensors.map((tensor) => [`${tensor.start} ${tensor.byteLength}`, tensor])).values()];
  const parts = [
    ...file.gaps.map(([start, end]) => ({ start, length: end - start, tensor: undefined })),
    ...tensors.map(({ index: tensor, start, byteLength }) => ({ start, length: byteLength, tensor })),
  ].sort((a, b) => a.start - b.start);
  if (parts.some(({ start, length }, i) => i + 1 < parts.length && start + length > parts[i + 1]!.start)) {
    yield readOutside(gsm, index);
    return;
  }
  let at = 0;
  for (const { length, tensor } of parts) {
    yield tensor === undefined ? between.subarray(at, (at += length)) : gsm.read(tensor);
  }
}

/** The file at position `index` of `gsm.outside`, byte for byte. */
export function readOutside(gsm: Gsm, index: number): Uint8Array {
  const file = outsideAt(gsm, index);
  const bytes = new Uint8Array(file.byteLength);
  const between = gsm.readGaps(index);
  let at = 0;
  for (const [start, end] of file.gaps) {
    bytes.set(between.subarray(at, at + end - start), start);
    at += end - start;
  }
  for (const tensor of file.tensors) bytes.set(gsm.read(tensor.index), tensor.start);
  return bytes;
}

/**
 * Writes the model to `path`, and the files beside it, all as they were. Files appear whole or not at all; those beside the model first.
 *
 * Throws ERR_GSM_*; ERR_GSM_FORMAT too for a file whose place is not under the folder of `path`, before anything is written.
 */
export async function decodeModel(gsm: Gsm, path: string, options: WriteOptions = {}): Promise<void> {
  const folder = dirname(resolve(path));
  const locations = gsm.outside.map(({ location }) => checkedLocation(location, basename(path)));
  for (const [index, location] of locations.entries()) {
    await makeFolders(folder, dirname(location), []);
    const outside = new ChunkList();
    outside.pushStream(gsm.outside[index]!.byteLength, () => outsidePieces(gsm, index));
    await writeAtomically(join(folder, location), outside, options);
  }
  const chunks = new ChunkList();
  chunks.pushStream(gsm.fileBytes, () => modelPieces(gsm));
  await writeAtomically(path, chunks, options);
}

/** A location as sound writers make them: below the folder on any platform, and not the model itself. */
function checkedLocation(location: string, modelName: string): string {
  const parts = location.split('/').filter((part) => part !== '' && part !== '.');
  const isPlain =
    !/[\\\0]|^\/|\/$|^[A-Za-z][A-Za-z0-9+.-]*:/.test(location) && parts.length > 0 && !parts.includes('..');
  const normal = parts.join('/');
  if (isPlain && normal !== modelName) return normal;
  const quoted = JSON.stringify(location.slice(0, 80));
  throw encodeError('ERR_GSM_FORMAT', `file ${quoted}: expected a place below the model's folder, received another`);
}

function outsideAt(gsm: Gsm, index: number): OutsideFile {
  const file = gsm.outside[index];
  if (file) return file;
  throw encodeError('ERR_ENCODE_OPTION', `file: expected an index below ${gsm.outside.length}, received ${index}`);
}
