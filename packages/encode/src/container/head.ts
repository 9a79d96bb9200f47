import { crc32 } from './crc32.js';
import { ByteReader } from '../coders/byte-reader.js';
import { ByteWriter } from '../coders/byte-writer.js';
import { encodeError } from '../error-codes.js';
import { checkLimit, type GsmLimits } from './limits.js';

/** `GSM` and the version. */
const MAGIC = Uint8Array.of(0x47, 0x53, 0x4d, 1);
/** A file of at most so many bytes has one checksum, at its end. */
export const SMALL_FILE_BYTES = 2 ** 16;

/** What a .gsm file says in front. */
export interface Head {
  /** The skeleton and the small tensors; undefined: the model's file, of `fileBytes`, is one stream of bytes. */
  readonly code: Uint8Array | undefined;
  readonly fileBytes: number;
  /** Bytes of each file beside the model, in the order in which tensors name them, then of each stream but the last. */
  readonly lengths: readonly number[];
}

/** Writes a head; its checksum follows where the file is no small one. */
export function writeHead({ code, fileBytes, lengths }: Head): Uint8Array {
  const writer = new ByteWriter().bytes(MAGIC).varint(code ? code.length : 0);
  if (!code) writer.varint(fileBytes);
  writer.varint(lengths.length);
  for (const length of lengths) writer.varint(length);
  if (code) writer.bytes(code);
  return writer.finish();
}

/**
 * Reads the head from the first bytes of a file: as many as there are, up to the whole file. Nothing is allocated that `limits` do not
 * allow. Throws ERR_GSM_FORMAT, ERR_GSM_LIMIT or ERR_GSM_CHECKSUM. `byteLength`: bytes of the head, with its checksum where it `isChecked`.
 */
export function readHead(
  file: Uint8Array,
  limits: GsmLimits,
  isChecked: boolean,
): { readonly head: Head; readonly byteLength: number } {
  const reader = new ByteReader(file);
  const magic = reader.bytes(Math.min(MAGIC.length, file.length));
  if (Buffer.compare(magic, MAGIC) !== 0) {
    const received =
      Buffer.compare(magic.subarray(0, 3), MAGIC.subarray(0, 3)) === 0 ? `version ${magic[3]}` : 'other bytes';
    throw encodeError('ERR_GSM_FORMAT', `file: expected a .gsm file of version 1, received ${received}`);
  }
  const codeBytes = reader.varint();
  checkLimit('skeleton bytes', codeBytes, limits.maxSkeletonBytes);
  const fileBytes = codeBytes === 0 ? reader.varint() : 0;
  const count = reader.varint();
  checkLimit('tensors', count, limits.maxTensors);
  if (count > file.length)
    throw encodeError('ERR_GSM_FORMAT', `head: expected bytes for ${count} lengths, received fewer`);
  const lengths = Array.from({ length: count }, () => reader.varint());
  const code = codeBytes === 0 ? undefined : reader.bytes(codeBytes);
  const end = reader.position;
  if (isChecked && Buffer.compare(reader.bytes(4), crc32(file.subarray(0, end))) !== 0) {
    throw encodeError('ERR_GSM_CHECKSUM', 'head: expected the bytes that were written, received others');
  }
  return { head: { code, fileBytes, lengths }, byteLength: reader.position };
}
