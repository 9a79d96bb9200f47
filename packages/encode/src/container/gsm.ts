import { type ByteSource } from '@gossamer/graph/onnx';
import { crc32 } from './crc32.js';
import { encodeError } from '../error-codes.js';
import { RangeDecoder } from '../coders/range-decoder.js';
import { type DecodeEngine, decodeEngine, decodeStream } from '../tensors/decode-stream.js';
import { copyOf, formOf } from '../tensors/encode-tensor.js';
import { byteLengthOf, type TensorSpec } from '../tensors/plain-tensor.js';
import { readSkeleton } from './code-skeleton.js';
import { type Head, readHead, SMALL_FILE_BYTES } from './head.js';
import { type InlineTensor, readInline } from './inline-tensors.js';
import { checkLimit, DEFAULT_GSM_LIMITS, type GsmLimits } from './limits.js';
import { firstOfEqual, locationsOf, type OutsideFile, outsideFile } from './outside-files.js';
import { placeStreams, type StreamPlace } from './place-streams.js';
import { type RestoredFile, restoreFile } from './restore-file.js';
import type { Piece } from './rope.js';
import { varintsOf } from './varint-list.js';

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
  /** Bytes of its stream; 0 for one without, that is coded with the skeleton or lies where another does. */
  readonly encodedBytes: number;
}

/** An open .gsm file: what is in it, each tensor read when it is asked for. */
export class Gsm {
  readonly tensors: readonly GsmTensor[];
  /** Files beside the model. */
  readonly outside: readonly OutsideFile[];
  /** Bytes of the model's own file. */
  readonly fileBytes: number;
  /** What decodes its tensors. */
  readonly engine: DecodeEngine;
  readonly #source: ByteSource;
  readonly #skeleton: Uint8Array | undefined;
  readonly #specs: readonly TensorSpec[];
  readonly #first: readonly number[];
  readonly #inline: ReadonlyMap<number, InlineTensor>;
  /** Where the stream of each spec lies in the file, and the streams that share its checksum; none for those behind the skeleton. */
  readonly #places: readonly (StreamPlace | undefined)[];

  /** Reads the head, the skeleton and the small tensors. Throws ERR_GSM_FORMAT, ERR_GSM_LIMIT or ERR_GSM_CHECKSUM. */
  constructor(source: ByteSource, limits: Partial<GsmLimits> = {}, engine: DecodeEngine = decodeEngine()) {
    this.engine = engine;
    const bounds = { ...DEFAULT_GSM_LIMITS, ...limits };
    const { head, byteLength } = openHead(source, bounds);
    this.#source = source;
    const decoder = head.code && new RangeDecoder(head.code);
    this.#skeleton = decoder && readSkeleton(decoder, bounds.maxSkeletonBytes);
    const restored = this.#skeleton && restoreFile(this.#skeleton);
    const payloads = restored?.payloads ?? [];
    checkLimit('tensors', payloads.length, bounds.maxTensors);
    const locations = locationsOf(payloads);
    const fileLengths = head.lengths.slice(0, locations.length);
    if (fileLengths.length < locations.length) throw mismatch('files', locations.length, fileLengths.length);
    this.fileBytes = restored ? restored.byteLength : head.fileBytes;
    const total = fileLengths.reduce((a, b) => a + b, this.fileBytes);
    checkLimit('decoded bytes', total, bounds.maxDecodedBytes);
    this.outside = locations.map((location, i) => outsideFile(location, fileLengths[i]!, payloads));
    this.#first = firstOfEqual(payloads);
    const gaps = this.outside.map(({ gaps: ranges }) => ranges.reduce((sum, [start, end]) => sum + end - start, 0));
    const bytes = (length: number): TensorSpec & { byteLength: number } => ({
      dtype: 'uint8',
      dims: [length],
      byteLength: length,
    });
    const specs = restored ? [...payloads, ...gaps.map(bytes)] : [bytes(head.fileBytes)];
    for (const { byteLength: length } of specs) checkLimit('bytes of a tensor', length, bounds.maxTensorBytes);
    // Tensors may overlap in a file beside the model, but not so often that little data takes long.
    const decoded = specs.reduce(
      (sum, { byteLength: length }, i) => sum + ((this.#first[i] ?? i) === i ? length : 0),
      0,
    );
    if (decoded > OVERLAPS * total) throw mismatch('bytes of tensors', OVERLAPS * total, decoded);
    this.#specs = specs;
    this.#inline = decoder ? readInline(decoder, payloads, this.#first) : new Map<number, InlineTensor>();
    const streams = specs.flatMap((_, i) => ((this.#first[i] ?? i) === i && !this.#inline.has(i) ? [i] : []));
    const places = placeStreams(head.lengths.slice(locations.length), streams.length, byteLength, source.byteLength);
    const placeOf = new Map(streams.map((spec, i) => [spec, places[i]!]));
    this.#places = specs.map((_, i) => placeOf.get(i));
    this.tensors = payloads.map(({ name, dtype, dims, byteLength: length }, index) => ({
      index,
      name,
      dtype,
      dims,
      byteLength: length,
      encodedBytes: this.#places[index]?.byteLength ?? 0,
    }));
  }

  /** Decodes one tensor: its bytes in ONNX raw layout. Throws ERR_GSM_CHECKSUM or ERR_GSM_FORMAT. */
  read(index: number): Uint8Array {
    const tensor = this.tensors[index];
    if (tensor) return this.#decode(this.#first[index]!);
    throw encodeError('ERR_ENCODE_OPTION', `tensor: expected an index below ${this.tensors.length}, received ${index}`);
  }

  /** The bytes of a piece of `layout()`. Throws like `read`. */
  readPiece(piece: Piece): Uint8Array {
    if ('bytes' in piece) return piece.bytes;
    const bytes = this.read(piece.index);
    const data = piece.list ? varintsOf(bytes, piece.list) : bytes;
    if (data.length === piece.byteLength) return data;
    throw mismatch(`bytes of tensor ${piece.index}`, piece.byteLength, data.length);
  }

  /** Name of the form that a tensor is in. Reads its stream. */
  form(index: number): string {
    const first = this.#first[index]!;
    return this.#inline.get(first)?.form ?? formOf(this.#stream(first));
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
    const inline = this.#inline.get(index);
    if (inline) return inline.bytes.slice();
    const stream = this.#stream(index);
    const same = copyOf(stream);
    if (same !== undefined) return this.#readCopied(index, same);
    try {
      return decodeStream(stream, this.#specs[index]!, this.engine);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw encodeError('ERR_GSM_LIMIT', `stream ${index}: expected a tensor that fits memory, received a larger one`, {
        cause,
      });
    }
  }

  /** The bytes of an earlier tensor that stand for those of `index`. */
  #readCopied(index: number, same: number): Uint8Array {
    const isEarlier = same < Math.min(index, this.tensors.length);
    const isSound = isEarlier && byteLengthOf(this.#specs[same]!) === byteLengthOf(this.#specs[index]!);
    const isPlain =
      isSound && (this.#inline.has(this.#first[same]!) || copyOf(this.#stream(this.#first[same]!)) === undefined);
    if (isPlain) return this.#decode(this.#first[same]!);
    throw encodeError(
      'ERR_GSM_FORMAT',
      `stream ${index}: expected an earlier tensor of as many bytes, received ${same}`,
    );
  }

  /** Reads the block of a stream and checks it. */
  #stream(index: number): Uint8Array {
    const { start, byteLength, block } = this.#places[index]!;
    if (!block) return this.#source.read(start, start + byteLength);
    const streams = this.#source.read(block.start, block.end);
    const sum = this.#source.read(block.end, block.end + 4);
    if (Buffer.compare(crc32(streams), sum) !== 0) {
      throw encodeError('ERR_GSM_CHECKSUM', `stream ${index}: expected the bytes that were written, received others`);
    }
    return streams.subarray(start - block.start, start - block.start + byteLength);
  }
}

/** Reads the head of a file; all of a small one, whose checksum is at its end. */
function openHead(source: ByteSource, limits: GsmLimits): { head: Head; byteLength: number } {
  const { byteLength } = source;
  if (byteLength <= SMALL_FILE_BYTES) {
    const file = source.read(0, byteLength);
    const body = file.subarray(0, Math.max(0, byteLength - 4));
    const read = readHead(body, limits, false);
    if (Buffer.compare(crc32(body), file.subarray(body.length)) === 0) return read;
    throw encodeError('ERR_GSM_CHECKSUM', 'file: expected the bytes that were written, received others');
  }
  // Its length is not known: twice as many bytes as long as they are too few.
  for (let length = HEAD_BYTES; length < byteLength; length *= 2) {
    try {
      return readHead(source.read(0, length), limits, true);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_GSM_FORMAT') throw error;
    }
  }
  return readHead(source.read(0, byteLength), limits, true);
}

function mismatch(what: string, expected: number, received: number): Error {
  return encodeError('ERR_GSM_FORMAT', `file: expected ${expected} ${what}, received ${received}`);
}
