import { join } from 'node:path';
import { rename } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  decodeModel,
  encodeModelTo,
  type EncodedTensor,
  type EncodeReport,
  type Gsm,
  modelPieces,
  openGsm,
  outsidePieces,
} from '@gossamer/encode';
import { GossamerError } from '@gossamer/graph';
import { asWriteError, FileSource, makeTempFolder, openExternalFile, removeTempFolder } from '@gossamer/graph/onnx';
import { assertWritable } from './assert-writable.js';
import type { CompressErrorCode } from './error-codes.js';
import type { WorkOptions } from './progress.js';
import { type Bytes, bytesOf } from './bytes.js';

export interface EncodeOptions extends WorkOptions {
  /** Replace an existing file; default false. */
  readonly force?: boolean;
}

/** What a model became as a `.gsm` file. */
export interface EncodeResult {
  readonly output: string;
  readonly status: 'done';
  /** Of all files of the model, and of the `.gsm` file. */
  readonly bytes: Bytes;
  /** Bytes of the `.gsm` file that are no tensor's data. */
  readonly headBytes: number;
  readonly tensors: readonly EncodedTensor[];
  readonly warnings: readonly string[];
}

/**
 * Stores an ONNX file, with the data files beside it, in as few bytes as it has information. Before the `.gsm` file appears it is opened again, decoded and
 * compared with every byte of the original. Throws ERR_OUTPUT_PATH, ERR_OUTPUT_EXISTS, ERR_GATE where it would not give the files back.
 */
export async function encode(input: string, output: string, options: EncodeOptions = {}): Promise<EncodeResult> {
  const { force = false, signal, onProgress } = options;
  assertWritable({ path: input, reference: undefined }, output, force);
  const folder = await makeTempFolder(output);
  let encoded: EncodeReport;
  try {
    const draft = join(folder, 'model.gsm');
    encoded = await encodeModelTo(draft, input, {
      ...(signal ? { signal } : {}),
      onProgress: ({ done, total }) => onProgress?.({ stage: 'encode', done, total }),
    });
    await prove(draft, input, options);
    await rename(draft, output).catch((error: unknown) => {
      throw asWriteError(error, output);
    });
  } finally {
    await removeTempFolder(folder);
  }
  const { originalBytes, byteLength, headBytes, tensors, warnings } = encoded;
  return { output, status: 'done', bytes: bytesOf(originalBytes, byteLength), headBytes, tensors, warnings };
}

/** Writes back the ONNX file of a `.gsm` file, and the data files beside it, byte for byte. Throws ERR_GSM_*, ERR_OUTPUT_PATH, ERR_OUTPUT_EXISTS. */
export async function decode(
  input: string,
  output: string,
  options: EncodeOptions = {},
): Promise<{ output: string; status: 'done'; bytes: Bytes; files: readonly string[] }> {
  assertWritable({ path: input, reference: undefined }, output, options.force ?? false);
  const gsm = openGsm(input);
  try {
    options.signal?.throwIfAborted();
    const before = sizeOf(input);
    await decodeModel(gsm, output);
    const after = gsm.outside.reduce((sum, { byteLength }) => sum + byteLength, gsm.fileBytes);
    const files = [output, ...gsm.outside.map(({ location }) => location)];
    return { output, status: 'done', bytes: bytesOf(before, after), files };
  } finally {
    gsm.close();
  }
}

/** Throws ERR_GATE unless the file at `path` gives back every byte of the model at `input`. */
async function prove(path: string, input: string, { signal, onProgress }: EncodeOptions): Promise<void> {
  const gsm = openGsm(path);
  const source = new FileSource(input);
  try {
    let at = 0;
    for (const piece of modelPieces(gsm)) {
      signal?.throwIfAborted();
      if (Buffer.compare(piece, source.read(at, Math.min(at + piece.length, source.byteLength))) !== 0)
        throw different(input);
      at += piece.length;
      onProgress?.({ stage: 'verify', done: at, total: source.byteLength });
      await nextTurn();
    }
    if (at !== source.byteLength) throw different(input);
    proveOutside(gsm, input);
  } finally {
    source.close();
    gsm.close();
  }
}

function proveOutside(gsm: Gsm, input: string): void {
  gsm.outside.forEach(({ location }, index) => {
    const file = openExternalFile(input, location, 'trusted');
    try {
      let at = 0;
      for (const piece of outsidePieces(gsm, index)) {
        const end = Math.min(at + piece.length, file.byteLength);
        if (Buffer.compare(piece, file.read(at, end)) !== 0) throw different(location);
        at = end;
      }
      if (at !== file.byteLength) throw different(location);
    } finally {
      file.close();
    }
  });
}

function different(name: string): GossamerError<CompressErrorCode> {
  return new GossamerError('ERR_GATE', `output: expected the bytes of ${name} when it is decoded, received others`);
}

function sizeOf(path: string): number {
  const source = new FileSource(path);
  try {
    return source.byteLength;
  } finally {
    source.close();
  }
}
