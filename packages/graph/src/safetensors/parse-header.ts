import { type DType, dtypeBits } from '../dtype.js';
import { GossamerError } from '../errors.js';
import { elementCount } from '../ir/tensor.js';
import { dtypeOfName } from './dtype-names.js';
import { HeaderScanner } from './header-scanner.js';
import type { SafetensorsLimits } from './limits.js';

/** One tensor of a header: its bytes are [start, end) of what follows the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** What a header says, in the order of the file. */
export interface Header {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Parses the JSON of a header and checks every entry by itself and all together.
 *
 * Each tensor has a dtype, a shape and offsets whose distance is the bytes of the two; the tensors cover the `dataBytes` after the
 * header without a hole, an overlap or a rest; names are unique. Throws ERR_SAFETENSORS_HEADER (JSON of another form),
 * ERR_DUPLICATE_NAME, ERR_DTYPE, ERR_TENSOR_SHAPE, ERR_TENSOR_DATA (offsets and shape differ), ERR_SAFETENSORS_OFFSETS,
 * ERR_ENTRY_BUDGET, ERR_STRING_LENGTH or ERR_BAD_UTF8.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, limits: SafetensorsLimits): Header {
  const scanner = new HeaderScanner(bytes, limits);
  const entries = new Map<string, HeaderEntry>();
  let metadata: Map<string, string> | undefined;
  scanner.object((name) => {
    countEntry(entries.size + (metadata?.size ?? 0), limits);
    if (name === '__metadata__') {
      if (metadata !== undefined) throw duplicate(name);
      metadata = readMetadata(scanner, entries.size, limits);
    } else {
      if (entries.has(name)) throw duplicate(name);
      entries.set(name, readEntry(scanner, name, limits));
    }
  });
  scanner.end();
  const list = [...entries.values()];
  checkCover(list, dataBytes);
  return { entries: list, metadata: metadata ?? new Map() };
}

function readMetadata(scanner: HeaderScanner, before: number, limits: SafetensorsLimits): Map<string, string> {
  const metadata = new Map<string, string>();
  scanner.object((key) => {
    countEntry(before + metadata.size, limits);
    if (metadata.has(key)) throw duplicate(key);
    metadata.set(key, scanner.string());
  });
  return metadata;
}

function readEntry(scanner: HeaderScanner, name: string, { maxRank }: SafetensorsLimits): HeaderEntry {
  const what = () => `tensor ${quote(name)}`;
  let dtype: DType | undefined;
  let dims: number[] | undefined;
  let offsets: number[] | undefined;
  scanner.object((key) => {
    if (key === 'dtype' && dtype === undefined) dtype = dtypeOfName(scanner.string(), what);
    else if (key === 'shape' && dims === undefined) dims = scanner.integers(maxRank);
    else if (key === 'data_offsets' && offsets === undefined) offsets = scanner.integers(2);
    else throw malformed(what(), 'dtype, shape and data_offsets, each once', quote(key));
  });
  if (dtype === undefined || dims === undefined || offsets === undefined) {
    throw malformed(what(), 'dtype, shape and data_offsets', 'fewer of them');
  }
  const [start, end] = offsets;
  if (start === undefined || end === undefined) throw malformed(what(), 'two data_offsets', offsets.length);
  checkSize(what, dtype, dims, start, end);
  return { name, dtype, dims, start, end };
}

function checkSize(what: () => string, dtype: DType, dims: readonly number[], start: number, end: number): void {
  if (start > end) throw badOffsets(what(), 'a start before its end', `[${start}, ${end})`);
  const bits = elementCount(dims) * dtypeBits(dtype);
  if (!Number.isSafeInteger(bits)) {
    throw new GossamerError(
      'ERR_TENSOR_SHAPE',
      `${what()}: expected fewer than 2^53 bits, received [${dims.join(', ')}]`,
    );
  }
  if (bits === (end - start) * 8) return;
  throw new GossamerError(
    'ERR_TENSOR_DATA',
    `${what()}: expected ${bits / 8} bytes for ${dtype}[${dims.join(',')}], received ${end - start}`,
  );
}

/** Throws ERR_SAFETENSORS_OFFSETS unless the ranges, put in order, cover [0, dataBytes) exactly once. */
function checkCover(entries: readonly HeaderEntry[], dataBytes: number): void {
  const ordered = [...entries].sort((a, b) => a.start - b.start || a.end - b.end);
  let covered = 0;
  for (const { name, start, end } of ordered) {
    if (start !== covered) {
      throw badOffsets(`tensor ${quote(name)}`, `its data at byte ${covered}, after the one before`, `byte ${start}`);
    }
    if (end > dataBytes) throw badOffsets(`tensor ${quote(name)}`, `an end within ${dataBytes} bytes`, end);
    covered = end;
  }
  if (covered !== dataBytes) throw badOffsets('data', `${covered} bytes for the tensors of the header`, dataBytes);
}

function countEntry(count: number, { maxEntries }: SafetensorsLimits): void {
  if (count < maxEntries) return;
  throw new GossamerError('ERR_ENTRY_BUDGET', `header: expected at most ${maxEntries} entries, received more`);
}

function duplicate(name: string): Error {
  return new GossamerError('ERR_DUPLICATE_NAME', `header: expected each name once, received ${quote(name)} twice`);
}

function malformed(what: string, expected: string, received: unknown): Error {
  return new GossamerError('ERR_SAFETENSORS_HEADER', `${what}: expected ${expected}, received ${received}`);
}

function badOffsets(what: string, expected: string, received: unknown): Error {
  return new GossamerError('ERR_SAFETENSORS_OFFSETS', `${what}: expected ${expected}, received ${received}`);
}

/** Text from a file for an error message: escaped, at most 80 characters. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
