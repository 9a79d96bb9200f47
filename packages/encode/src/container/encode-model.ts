import { setImmediate as nextTurn } from 'node:timers/promises';
import { isGossamerError, type Model } from '@gossamer/graph';
import { type ByteSource, FileSource, MemorySource, openExternalFile, serializeModel } from '@gossamer/graph/onnx';
import { crc32 } from './crc32.js';
import { encodeTensor, formOf } from '../tensors/encode-tensor.js';
import type { TensorSpec } from '../tensors/plain-tensor.js';
import { blocksOf } from './blocks.js';
import { encodeSkeleton } from './code-skeleton.js';
import { type Head, writeHead } from './head.js';
import { firstOfEqual, locationsOf, outsideFile } from './outside-files.js';
import { type RestoredFile, restoreFile } from './restore-file.js';
import { type Skeleton, takeSkeleton } from './take-skeleton.js';

/** Bytes compared at a time. */
const PIECE_BYTES = 2 ** 22;

export interface EncodedTensor extends TensorSpec {
  readonly name: string;
  /** Bytes in the model. */
  readonly byteLength: number;
  /** Bytes in the .gsm; 0 for one that is stored with another at the same place. */
  readonly encodedBytes: number;
  /** The form its data is in: constant, integers, scaled, table, planes, ... */
  readonly form: string;
}

export interface EncodedModel {
  /** The .gsm file, in pieces. */
  readonly pieces: readonly Uint8Array[];
  readonly byteLength: number;
  /** Bytes of the model's files. */
  readonly originalBytes: number;
  /** Bytes of everything that is no tensor's data: head, skeleton, index, checksums. */
  readonly headBytes: number;
  readonly tensors: readonly EncodedTensor[];
  /** What could not be taken apart, and why. */
  readonly warnings: readonly string[];
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
  options.signal?.throwIfAborted();
  const source = typeof model === 'string' ? new FileSource(model) : new MemorySource(serializeModel(model));
  try {
    return await encodeSource(source, options);
  } finally {
    source.close();
  }
}

async function encodeSource(source: ByteSource, options: EncodeOptions): Promise<EncodedModel> {
  const warnings: string[] = [];
  const parts = takeApart(source, warnings);
  if (!parts) return encodeOpaque(source, warnings, options);
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
    const streams: Uint8Array[] = [];
    for (const [index, { dtype, dims, byteLength, place }] of payloads.entries()) {
      options.signal?.throwIfAborted();
      if (first[index] !== index) {
        streams.push(new Uint8Array());
      } else {
        const [from, start] =
          'location' in place ? [outside.get(place.location)!, place.offset] : [source, starts.get(index)!];
        streams.push(encodeTensor({ dtype, dims, bytes: from.read(start, start + byteLength) }));
      }
      options.onProgress?.({ done: index + 1, total: payloads.length });
      await nextTurn();
    }
    for (const { location, gaps } of files) {
      const bytes = Buffer.concat(gaps.map(([start, end]) => outside.get(location)!.read(start, end)));
      streams.push(encodeTensor({ dtype: 'uint8', dims: [bytes.length], bytes }));
    }
    const lengths = files.map(({ byteLength }) => byteLength);
    const gaps = files.map(({ gaps: ranges }) => ranges.reduce((sum, [start, end]) => sum + end - start, 0));
    const head: Head = {
      fileBytes: source.byteLength,
      totalBytes: lengths.reduce((a, b) => a + b, source.byteLength),
      largestBytes: Math.max(0, ...gaps, ...payloads.map(({ byteLength }) => byteLength)),
      skeleton: { byteLength: skeleton.bytes.length, stream: encodeSkeleton(skeleton.bytes) },
      outside: lengths,
      streams: streams.map(({ length }) => length),
    };
    const tensors = payloads.map(({ name, dtype, dims, byteLength }, index): EncodedTensor => {
      const form = formOf(streams[first[index]!]!);
      return { name, dtype, dims, byteLength, encodedBytes: streams[index]!.length, form };
    });
    return assemble(head, streams, tensors, warnings);
  } finally {
    for (const file of outside.values()) file.close();
  }
}

/** Skeleton and payloads of a file, when they give it back bit for bit. */
function takeApart(source: ByteSource, warnings: string[]): { skeleton: Skeleton; restored: RestoredFile } | undefined {
  try {
    const skeleton = takeSkeleton(source);
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
function startsIn({ pieces }: RestoredFile): ReadonlyMap<number, number> {
  const starts = new Map<number, number>();
  let at = 0;
  for (const piece of pieces) {
    if ('index' in piece) starts.set(piece.index, at);
    at += 'bytes' in piece ? piece.bytes.length : piece.byteLength;
  }
  return starts;
}

function encodeOpaque(source: ByteSource, warnings: readonly string[], options: EncodeOptions): EncodedModel {
  const { byteLength } = source;
  const stream = encodeTensor({ dtype: 'uint8', dims: [byteLength], bytes: source.read(0, byteLength) });
  options.onProgress?.({ done: 1, total: 1 });
  const head: Head = {
    fileBytes: byteLength,
    totalBytes: byteLength,
    largestBytes: byteLength,
    skeleton: undefined,
    outside: [],
    streams: [stream.length],
  };
  return assemble(head, [stream], [], warnings);
}

function assemble(
  head: Head,
  streams: readonly Uint8Array[],
  tensors: readonly EncodedTensor[],
  warnings: readonly string[],
): EncodedModel {
  const pieces: Uint8Array[] = [writeHead(head)];
  for (const { first, end } of blocksOf(head.streams)) {
    const block = streams.slice(first, end);
    pieces.push(...block, crc32(Buffer.concat(block)));
  }
  const byteLength = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const headBytes = byteLength - tensors.reduce((sum, { encodedBytes }) => sum + encodedBytes, 0);
  return { pieces, byteLength, originalBytes: head.totalBytes, headBytes, tensors, warnings };
}
