import { type ByteSource } from '@gossamer/graph/onnx';
import { crc32 } from './crc32.js';
import { encodeError } from '../error-codes.js';
import { decodeTensor, formOf } from '../tensors/encode-tensor.js';
import type { TensorSpec } from '../tensors/plain-tensor.js';
import { type Block, blocksOf } from './blocks.js';
import { decodeSkeleton } from './code-skeleton.js';
import { type Head, readHead } from './head.js';
import { checkLimit, DEFAULT_GSM_LIMITS, type GsmLimits } from './limits.js';
import { firstOfEqual, locationsOf, type OutsideFile, outsideFile } from './outside-files.js';
import { type RestoredFile, restoreFile } from './restore-file.js';

/** First bytes of a file that are read for its head; twice as many as long as they do not hold it. */
const HEAD_BYTES = 2 ** 16;

/** Tensors may together have so many times the bytes of the files they are in. */
const OVERLAPS = 2;

/** A tensor stored in a .gsm file. */
export interface GsmTensor extends TensorSpec {
  /** Position in the file, for `read`. */
  readonly index: number;
  readonly name: string;
  readonly byteLength: number;
  readonly encodedBytes: number;
}

/** An open .gsm file: what is in it, each tensor read when it is asked for. */
export class Gsm {
  readonly tensors: readonly GsmTensor[];
  /** Files beside the model. */
  readonly outside: readonly OutsideFile[];
  /** Bytes of the model's own file. */
  readonly fileBytes: number;
  readonly #source: ByteSource;
  readonly #head: Head;
  readonly #headBytes: number;
  readonly #skeleton: Uint8Array | undefined;
  readonly #specs: readonly TensorSpec[];
  readonly #first: readonly number[];
  readonly #blocks: readonly Block[];

  /** Reads the head and the skeleton. Throws ERR_GSM_FORMAT, ERR_GSM_LIMIT or ERR_GSM_CHECKSUM. */
  constructor(source: ByteSource, limits: Partial<GsmLimits> = {}) {
    const bounds = { ...DEFAULT_GSM_LIMITS, ...limits };
    const { head, byteLength } = readGrowing(source, bounds);
    this.#source = source;
    this.#head = head;
    this.#headBytes = byteLength;
    this.fileBytes = head.fileBytes;
    this.#blocks = blocksOf(head.streams);
    const end = this.#blocks.reduce((sum, block) => sum + block.byteLength + 4, byteLength);
    if (end !== source.byteLength) throw mismatch('bytes', end, source.byteLength);
    this.#skeleton = head.skeleton && decodeSkeleton(head.skeleton.stream, head.skeleton.byteLength);
    const restored = this.#skeleton && restoreFile(this.#skeleton);
    const payloads = restored?.payloads ?? [];
    const locations = locationsOf(payloads);
    const streamCount = restored ? payloads.length + locations.length : 1;
    if (restored && restored.byteLength !== head.fileBytes)
      throw mismatch('bytes', head.fileBytes, restored.byteLength);
    if (head.streams.length !== streamCount) throw mismatch('streams', streamCount, head.streams.length);
    if (head.outside.length !== locations.length) throw mismatch('files', locations.length, head.outside.length);
    this.outside = locations.map((location, i) => outsideFile(location, head.outside[i]!, payloads));
    this.#first = firstOfEqual(payloads);
    const gaps = this.outside.map(({ gaps: ranges }) => ranges.reduce((sum, [start, end]) => sum + end - start, 0));
    const bytes = (length: number): TensorSpec & { byteLength: number } => ({
      dtype: 'uint8',
      dims: [length],
      byteLength: length,
    });
    const specs = restored ? [...payloads, ...gaps.map(bytes)] : [bytes(head.fileBytes)];
    for (const { byteLength: length } of specs) {
      checkLimit('bytes of a tensor', length, bounds.maxTensorBytes);
      if (length > head.largestBytes) throw mismatch('bytes of a tensor', head.largestBytes, length);
    }
    // Tensors may overlap in a file beside the model, but not so often that little data takes long.
    const decoded = specs.reduce(
      (sum, { byteLength: length }, i) => sum + ((this.#first[i] ?? i) === i ? length : 0),
      0,
    );
    if (decoded > OVERLAPS * head.totalBytes) throw mismatch('bytes of tensors', OVERLAPS * head.totalBytes, decoded);
    this.#specs = specs;
    this.tensors = payloads.map(({ name, dtype, dims, byteLength: length }, index) => ({
      index,
      name,
      dtype,
      dims,
      byteLength: length,
      encodedBytes: head.streams[index]!,
    }));
  }

  /** Decodes one tensor: its bytes in ONNX raw layout. Throws ERR_GSM_CHECKSUM or ERR_GSM_FORMAT. */
  read(index: number): Uint8Array {
    const tensor = this.tensors[index];
    if (tensor) return this.#decode(this.#first[index]!);
    throw encodeError('ERR_ENCODE_OPTION', `tensor: expected an index below ${this.tensors.length}, received ${index}`);
  }

  /** Name of the form that a tensor is in. Reads its stream. */
  form(index: number): string {
    return formOf(this.#stream(this.#first[index]!));
  }

  /** The model's file in pieces; undefined for one that is stored as bytes. `embeds`: with the data of files beside it inside. */
  layout(embeds = false): RestoredFile | undefined {
    return this.#skeleton && restoreFile(this.#skeleton, embeds);
  }

  /** The bytes of a model that is stored as bytes. */
  readOpaque(): Uint8Array {
    return this.#decode(0);
  }

  /** What no tensor covers of file `index` beside the model, its gaps joined. */
  readGaps(index: number): Uint8Array {
    return this.#decode(this.tensors.length + index);
  }

  close(): void {
    this.#source.close();
  }

  #decode(index: number): Uint8Array {
    const stream = this.#stream(index);
    try {
      return decodeTensor(stream, this.#specs[index]!);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw encodeError('ERR_GSM_LIMIT', `stream ${index}: expected a tensor that fits memory, received a larger one`, {
        cause,
      });
    }
  }

  /** Reads the block of a stream and checks it. */
  #stream(index: number): Uint8Array {
    const block = this.#blocks.find(({ end }) => index < end)!;
    const start = this.#headBytes + block.start;
    const streams = this.#source.read(start, start + block.byteLength);
    const sum = this.#source.read(start + block.byteLength, start + block.byteLength + 4);
    if (Buffer.compare(crc32(streams), sum) !== 0) {
      throw encodeError('ERR_GSM_CHECKSUM', `stream ${index}: expected the bytes that were written, received others`);
    }
    let at = 0;
    for (let i = block.first; i < index; i++) at += this.#head.streams[i]!;
    return streams.subarray(at, at + this.#head.streams[index]!);
  }
}

/** Reads a head whose length is not known: twice as many bytes as long as they are too few. */
function readGrowing(source: ByteSource, limits: GsmLimits): { head: Head; byteLength: number } {
  for (let length = HEAD_BYTES; length < source.byteLength; length *= 2) {
    try {
      return readHead(source.read(0, length), limits);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_GSM_FORMAT') throw error;
    }
  }
  return readHead(source.read(0, source.byteLength), limits);
}

function mismatch(what: string, expected: number, received: number): Error {
  return encodeError('ERR_GSM_FORMAT', `file: expected ${expected} ${what}, received ${received}`);
}
