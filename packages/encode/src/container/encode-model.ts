import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isGossamerError, type Model } from '@gossamer/graph';
import {
  type ByteSource,
  ChunkList,
  FileSource,
  makeTempFolder,
  MemorySource,
  openExternalFile,
  removeTempFolder,
  serializeModel,
  writeAtomically,
  type WriteOptions,
} from '@gossamer/graph/onnx';
import { crc32 } from './crc32.js';
import { RangeEncoder } from '../coders/range-encoder.js';
import { copyStream, encodeTensor, formOf, planTensor } from '../tensors/encode-tensor.js';
import type { TensorSpec } from '../tensors/plain-tensor.js';
import { blocksOf } from './blocks.js';
import { codeSkeleton } from './code-skeleton.js';
import { Copies } from './copies.js';
import { type Head, SMALL_FILE_BYTES, writeHead } from './head.js';
import { areInline } from './inline-tensors.js';
import { checkLimit, DEFAULT_GSM_LIMITS } from './limits.js';
import { firstOfEqual, locationsOf, outsideFile } from './outside-files.js';
import { type RestoredFile, restoreFile } from './restore-file.js';
import { FileStore, MemoryStore, type StreamStore } from './stream-store.js';
import { type Skeleton, takeSkeleton } from './take-skeleton.js';
import { rawOfVarints } from './varint-list.js';

/** Bytes compared at a time. */
const PIECE_BYTES = 2 ** 22;

export interface EncodedTensor extends TensorSpec {
  readonly name: string;
  /** Bytes in the model. */
  readonly byteLength: number;
  /** Bytes in the .gsm, parts of one where small tensors share their coder; 0 for one that is stored with another at the same place. */
  readonly encodedBytes: number;
  /** The form its data is in: constant, integers, scaled, table, planes, ... */
  readonly form: string;
}

/** What a model became. */
export interface EncodeReport {
  /** Bytes of the .gsm file. */
  readonly byteLength: number;
  /** Bytes of the model's files. */
  readonly originalBytes: number;
  /** Bytes of everything that is no tensor's data: head, skeleton, index, checksums. */
  readonly headBytes: number;
  readonly tensors: readonly EncodedTensor[];
  /** What could not be taken apart, and why. */
  readonly warnings: readonly string[];
}

export interface EncodedModel extends EncodeReport {
  /** The .gsm file, in pieces. */
  readonly pieces: readonly Uint8Array[];
}

export interface EncodeOptions {
  /** Called after each tensor. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Aborts between tensors with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Stores a model without loss: the file at a path with the data files beside it, or a Model as it would be written.
 *
 * Between two tensors the event loop has its turn. A file that is not ONNX, or not to be restored bit for bit from its parts, is stored as bytes, and a warning says so. Takes the
 * memory of the result and of the largest tensor a few times over. Throws what opening and reading the files throws.
 */
export async function encodeModel(model: string | Model, options: EncodeOptions = {}): Promise<EncodedModel> {
  const store = new MemoryStore();
  const { head, ...report } = await encodeInto(store, model, options);
  return { ...report, pieces: [...pieces(head, store)] };
}

/**
 * The same into the file at `path`, which appears whole or not at all; streams wait in a file beside it. Takes the memory of the largest tensor a few times
 * over. Throws what writing a file throws, too.
 */
export async function encodeModelTo(
  path: string,
  model: string | Model,
  options: EncodeOptions & WriteOptions = {},
): Promise<EncodeReport> {
  const folder = await makeTempFolder(path);
  try {
    const store = new FileStore(join(folder, 'streams'));
    try {
      const { head, ...report } = await encodeInto(store, model, options);
      const chunks = new ChunkList();
      chunks.pushStream(report.byteLength, () => pieces(head, store));
      await writeAtomically(path, chunks, options);
      return report;
    } finally {
      store.close();
    }
  } finally {
    await removeTempFolder(folder);
  }
}

async function encodeInto(
  store: StreamStore,
  model: string | Model,
  options: EncodeOptions,
): Promise<EncodeReport & { head: Uint8Array }> {
  options.signal?.throwIfAborted();
  const source = typeof model === 'string' ? new FileSource(model) : new MemorySource(serializeModel(model));
  try {
    return await encodeSource(store, source, options);
  } finally {
    source.close();
  }
}

async function encodeSource(
  store: StreamStore,
  source: ByteSource,
  options: EncodeOptions,
): Promise<EncodeReport & { head: Uint8Array }> {
  const warnings: string[] = [];
  const parts = takeApart(source, warnings);
  if (!parts) return encodeOpaque(store, source, warnings, options);
  const { skeleton, restored } = parts;
  const { payloads } = skeleton;
  const locations = locationsOf(payloads);
  const outside = new Map(
    locations.map((location) => [location, openExternalFile(source.path ?? '', location, 'trusted')]),
  );
  try {
    const files = locations.map((location) => outsideFile(location, outside.get(location)!.byteLength, payloads));
    const first = firstOfEqual(payloads);
    const starts = startsIn(restored);
    const dataOf = (index: number): Uint8Array => {
      const { place, byteLength } = payloads[index]!;
      if ('location' in place) return outside.get(place.location)!.read(place.offset, place.offset + byteLength);
      const { at, length } = starts.get(index)!;
      const bytes = source.read(at, at + length);
      return place.list ? rawOfVarints(bytes, byteLength / place.list.width, place.list)! : bytes;
    };
    const code = new RangeEncoder();
    codeSkeleton(code, skeleton.bytes);
    const inline = areInline(payloads, first);
    const tensors: EncodedTensor[] = [];
    const copies = new Copies();
    for (const [index, { name, dtype, dims, byteLength }] of payloads.entries()) {
      options.signal?.throwIfAborted();
      let form: string;
      let encodedBytes = 0;
      if (first[index] !== index) {
        form = tensors[first[index]!]!.form;
      } else if (inline[index]) {
        const plan = planTensor({ dtype, dims, bytes: dataOf(index) });
        plan.code(code);
        form = plan.form;
        encodedBytes = Math.round(plan.cost / 8192);
      } else {
        const bytes = dataOf(index);
        const same = copies.find(bytes, index, dataOf);
        const stream = same === undefined ? encodeTensor({ dtype, dims, bytes }) : copyStream(same);
        store.add(stream);
        form = formOf(stream);
        encodedBytes = stream.length;
      }
      tensors.push({ name, dtype, dims, byteLength, encodedBytes, form });
      options.onProgress?.({ done: index + 1, total: payloads.length });
      await nextTurn();
    }
    for (const { location, gaps } of files) {
      const bytes = Buffer.concat(gaps.map(([start, end]) => outside.get(location)!.read(start, end)));
      store.add(encodeTensor({ dtype: 'uint8', dims: [bytes.length], bytes }));
    }
    const lengths = files.map(({ byteLength }) => byteLength);
    const head = { code: code.finish(), fileBytes: source.byteLength, lengths };
    return finish(head, store, tensors, warnings);
  } finally {
    for (const file of outside.values()) file.close();
  }
}

/** Skeleton and payloads of a file, when they give it back bit for bit. */
function takeApart(source: ByteSource, warnings: string[]): { skeleton: Skeleton; restored: RestoredFile } | undefined {
  try {
    const skeleton = takeSkeleton(source);
    checkLimit('bytes that are no tensors', skeleton.bytes.length, DEFAULT_GSM_LIMITS.maxSkeletonBytes);
    const restored = restoreFile(skeleton.bytes);
    if (isSame(source, restored) && restored.payloads.length === skeleton.payloads.length)
      return { skeleton, restored };
    warnings.push('file: lengths that are not in their shortest form, or empty tensors: stored as bytes');
  } catch (error) {
    // What lies beside the model would be lost.
    if (!isGossamerError(error) || error.code.startsWith('ERR_EXTERNAL')) throw error;
    warnings.push(`file: stored as bytes: ${error.message}`);
  }
  return undefined;
}

function isSame(source: ByteSource, { pieces, byteLength }: RestoredFile): boolean {
  if (byteLength !== source.byteLength) return false;
  let at = 0;
  for (const piece of pieces) {
    if (!('bytes' in piece)) {
      at += piece.byteLength;
      continue;
    }
    for (let done = 0; done < piece.bytes.length; done += PIECE_BYTES) {
      const part = piece.bytes.subarray(done, done + PIECE_BYTES);
      if (Buffer.compare(source.read(at + done, at + done + part.length), part) !== 0) return false;
    }
    at += piece.bytes.length;
  }
  return true;
}

/** Where each payload lies in the model's file. */
function startsIn({ pieces }: RestoredFile): ReadonlyMap<number, { readonly at: number; readonly length: number }> {
  const starts = new Map<number, { at: number; length: number }>();
  let at = 0;
  for (const piece of pieces) {
    const length = 'bytes' in piece ? piece.bytes.length : piece.byteLength;
    if ('index' in piece) starts.set(piece.index, { at, length });
    at += length;
  }
  return starts;
}

function encodeOpaque(
  store: StreamStore,
  source: ByteSource,
  warnings: readonly string[],
  options: EncodeOptions,
): EncodeReport & { head: Uint8Array } {
  const { byteLength } = source;
  store.add(encodeTensor({ dtype: 'uint8', dims: [byteLength], bytes: source.read(0, byteLength) }));
  options.onProgress?.({ done: 1, total: 1 });
  return finish({ code: undefined, fileBytes: byteLength, lengths: [] }, store, [], warnings);
}

/** `lengths`: of the files beside the model. */
function finish(
  { code, fileBytes, lengths }: Head,
  store: StreamStore,
  tensors: readonly EncodedTensor[],
  warnings: readonly string[],
): EncodeReport & { head: Uint8Array } {
  const head = writeHead({ code, fileBytes, lengths: [...lengths, ...store.lengths.slice(0, -1)] });
  const sums = isSmall(head, store) ? 1 : 1 + blocksOf(store.lengths).length;
  const byteLength = store.lengths.reduce((a, b) => a + b, head.length + 4 * sums);
  const headBytes = byteLength - tensors.reduce((sum, { encodedBytes }) => sum + encodedBytes, 0);
  const originalBytes = lengths.reduce((a, b) => a + b, fileBytes);
  return { head, byteLength, originalBytes, headBytes, tensors, warnings };
}

function isSmall(head: Uint8Array, { lengths }: StreamStore): boolean {
  return lengths.reduce((a, b) => a + b, head.length + 4) <= SMALL_FILE_BYTES;
}

/** The file, piece by piece. */
function* pieces(head: Uint8Array, store: StreamStore): Generator<Uint8Array, void, undefined> {
  yield head;
  if (isSmall(head, store)) {
    const streams = store.lengths.map((_, i) => store.read(i));
    yield* streams;
    yield crc32(head, ...streams);
    return;
  }
  yield crc32(head);
  for (const { first, end } of blocksOf(store.lengths)) {
    const block = Array.from({ length: end - first }, (_, i) => store.read(first + i));
    yield* block;
    yield crc32(...block);
  }
}
