import { crc32 } from './crc32.js';
import { ByteReader } from '../coders/byte-reader.js';
import { ByteWriter } from '../coders/byte-writer.js';
import { encodeError } from '../error-codes.js';
import { checkLimit, type GsmLimits } from './limits.js';

/** `GSM` and the version. */
const MAGIC = Uint8Array.of(0x47, 0x53, 0x4d, 1);

/** What a .gsm file says in front: all lengths that reading it takes. */
export interface Head {
  /** Bytes of the model file; its tensors are streams when `skeleton` is there, else it is one stream of bytes. */
  readonly fileBytes: number;
  /** Bytes of all files: the model and those beside it. */
  readonly totalBytes: number;
  /** Bytes of the largest tensor. */
  readonly largestBytes: number;
  readonly skeleton: { readonly byteLength: number; readonly stream: Uint8Array } | undefined;
  /** Bytes of each file beside the model, in the order in which tensors name them. */
  readonly outside: readonly number[];
  /** Bytes of each stream: the tensors', then what no tensor covers of each file beside the model. 0: the tensor is that of an earlier one, at the same place of the same file. */
  readonly streams: readonly number[];
}

/** Writes a head, its CRC-32 at its end. */
export function writeHead(head: Head): Uint8Array {
  const writer = new ByteWriter().bytes(MAGIC);
  writer
    .varint(head.totalBytes)
    .varint(head.totalBytes - head.fileBytes)
    .varint(head.largestBytes)
    .varint(head.streams.length);
  writer.varint(head.skeleton ? head.skeleton.byteLength + 1 : 0);
  if (head.skeleton) writer.varint(head.skeleton.stream.length);
  writer.varint(head.outside.length);
  for (const length of head.outside) writer.varint(length);
  for (const length of head.streams) writer.varint(length);
  if (head.skeleton) writer.bytes(head.skeleton.stream);
  const bytes = writer.finish();
  return writer.bytes(crc32(bytes)).finish();
}

/**
 * Reads the head from the first bytes of a file: as many as there are, up to the whole file. Nothing is allocated that `limits` do not
 * allow. Throws ERR_GSM_FORMAT, ERR_GSM_LIMIT or ERR_GSM_CHECKSUM. `byteLength`: bytes of the head.
 */
export function readHead(file: Uint8Array, limits: GsmLimits): { readonly head: Head; readonly byteLength: number } {
  const reader = new ByteReader(file);
  const magic = reader.bytes(Math.min(MAGIC.length, file.length));
  if (Buffer.compare(magic, MAGIC) !== 0) {
    const received =
      Buffer.compare(magic.subarray(0, 3), MAGIC.subarray(0, 3)) === 0 ? `version ${magic[3]}` : 'other bytes';
    throw encodeError('ERR_GSM_FORMAT', `file: expected a .gsm file of version 1, received ${received}`);
  }
  const totalBytes = reader.varint();
  checkLimit('decoded bytes', totalBytes, limits.maxDecodedBytes);
  const fileBytes = totalBytes - reader.varint();
  const largestBytes = reader.varint();
  checkLimit('bytes of a tensor', largestBytes, limits.maxTensorBytes);
  const count = reader.varint();
  checkLimit('tensors', count, limits.maxTensors);
  const skeletonBytes = reader.varint() - 1;
  checkLimit('skeleton bytes', skeletonBytes, limits.maxSkeletonBytes);
  const codedBytes = skeletonBytes >= 0 ? reader.varint() : 0;
  const files = reader.varint();
  checkLimit('files', files, limits.maxTensors);
  const outside = Array.from({ length: files }, () => reader.varint());
  const streams = Array.from({ length: count }, () => reader.varint());
  const stream = reader.bytes(codedBytes);
  const end = reader.position;
  if (Buffer.compare(reader.bytes(4), crc32(file.subarray(0, end))) !== 0) {
    throw encodeError('ERR_GSM_CHECKSUM', 'head: expected the bytes that were written, received others');
  }
  if (fileBytes < 0 || outside.reduce((a, b) => a + b, 0) !== totalBytes - fileBytes || largestBytes > totalBytes) {
    throw encodeError('ERR_GSM_FORMAT', 'head: expected lengths that add up, received others');
  }
  const skeleton = skeletonBytes >= 0 ? { byteLength: skeletonBytes, stream } : undefined;
  return { head: { fileBytes, totalBytes, largestBytes, skeleton, outside, streams }, byteLength: reader.position };
}
