import { GossamerError } from '../errors.js';
import { Tensor, type TensorStorage } from '../ir/tensor.js';
import type { ByteSource } from '../wire/byte-source.js';
import type { ExternalTrust } from '../wire/external-path.js';
import { MemorySource } from '../wire/memory-source.js';
import { foreignFormat } from '../wire/foreign-format.js';
import { DEFAULT_SAFETENSORS_LIMITS, type SafetensorsLimits } from './limits.js';
import { type HeaderEntry, parseHeader } from './parse-header.js';

/** Bytes before the header: its length, an unsigned 64-bit integer. */
const LENGTH_BYTES = 8;
/** `{` */
const OPENING_BRACE = 0x7b;

export interface SafetensorsOptions {
  /** Bounds on what a header may make this process do; each has a default (see SafetensorsLimits). */
  readonly limits?: Partial<SafetensorsLimits>;
  /** Whether links to the files of a sharded checkpoint are followed inside its folder ('trusted') or refused. Default 'trusted'. */
  readonly trust?: ExternalTrust;
}

/** An opened safetensors file. */
export interface Safetensors {
  /** Tensors by name, in the order of the header; their bytes are read when they are asked for and not kept. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The strings of `__metadata__`, in the order of the header. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Closes the file; tensors not read before can no longer be read (ERR_SOURCE_CLOSED). */
  close(): void;
}

/** Reads safetensors from bytes in memory, which must not change while the tensors are in use. */
export function parseSafetensors(bytes: Uint8Array, options: SafetensorsOptions = {}): Safetensors {
  return readSafetensors(new MemorySource(bytes), options);
}

/** Reads safetensors from any source of bytes; the source stays open as long as tensors are read from it. */
export function readSafetensors(source: ByteSource, options: SafetensorsOptions = {}): Safetensors {
  const limits = { ...DEFAULT_SAFETENSORS_LIMITS, ...options.limits };
  const dataStart = LENGTH_BYTES + headerLength(source, limits);
  const { entries, metadata } = parseHeader(
    source.read(LENGTH_BYTES, dataStart),
    source.byteLength - dataStart,
    limits,
  );
  const tensors = new Map(entries.map((entry) => [entry.name, lazyTensor(source, dataStart, entry)]));
  return { tensors, metadata, close: () => source.close() };
}

/** Checks the length and the first byte of the header before anything of its size is read. */
function headerLength(source: ByteSource, { maxHeaderBytes }: SafetensorsLimits): number {
  const first = source.read(0, Math.min(LENGTH_BYTES + 1, source.byteLength));
  if (first.byteLength <= LENGTH_BYTES) {
    throw refusal(source, first, 'ERR_TRUNCATED', 'at least 10 bytes', source.byteLength);
  }
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw refusal(source, first, 'ERR_HEADER_LENGTH', `a header of at most ${maxHeaderBytes} bytes`, length);
  }
  if (length > BigInt(source.byteLength - LENGTH_BYTES)) {
    throw refusal(source, first, 'ERR_TRUNCATED', `${length} bytes of header`, source.byteLength - LENGTH_BYTES);
  }
  if (first[LENGTH_BYTES] !== OPENING_BRACE) {
    throw refusal(source, first, 'ERR_NOT_SAFETENSORS', 'a header that begins with {', `byte ${first[LENGTH_BYTES]}`);
  }
  return Number(length);
}

/** Names the format that the file really is, where its first bytes tell. */
function refusal(source: ByteSource, first: Uint8Array, code: string, expected: string, received: unknown): Error {
  const where = source.path ?? 'safetensors';
  const foreign = foreignFormat(first);
  if (foreign === undefined) return new GossamerError(code, `${where}: expected ${expected}, received ${received}`);
  return new GossamerError('ERR_NOT_SAFETENSORS', `${where}: expected safetensors, received ${foreign}`);
}

function lazyTensor(source: ByteSource, dataStart: number, { dtype, dims, start, end }: HeaderEntry): Tensor {
  const base = dataStart + start;
  const storage: TensorStorage = {
    byteLength: end - start,
    read: (from, to) => source.read(base + from, base + to),
    ...(source.isResident ? {} : { readInto: (from, target) => source.readInto(base + from, target) }),
  };
  return Tensor.fromStorage(dtype, dims, storage);
}
