import { type DType, elementCount, GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';

/** How the elements of an .npy array are stored. */
export interface NpyType {
  readonly dtype: DType;
  /** Bytes of one stored element. */
  readonly itemSize: number;
  /** Byte order differs from ours (little-endian). */
  readonly swap: boolean;
  /** Fixed-width text: 'S' is bytes, 'U' is UTF-32. */
  readonly text?: 'S' | 'U';
}

/** The header of an .npy array. */
export interface NpyHeader extends NpyType {
  readonly shape: readonly number[];
  /** Where the elements start. */
  readonly dataStart: number;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** Longest header accepted; numpy itself refuses to evaluate more than 10,000 characters. */
const MAX_HEADER = 65_536;
const MAX_RANK = 32;

const KINDS: Readonly<Record<string, DType>> = {
  b1: 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  c8: 'complex64',
  c16: 'complex128',
};

function broken(name: string, expected: string, received: unknown): GossamerError<RuntimeErrorCode> {
  return new GossamerError('ERR_DATA_FILE', `${name}: expected ${expected}, received ${String(received)}`);
}

/** Bytes needed to know how long the header is. */
export const NPY_PREFIX = 12;

/** Length of the whole header of an .npy array whose first NPY_PREFIX bytes are given. */
export function npyHeaderLength(name: string, prefix: Uint8Array): number {
  if (prefix.length < NPY_PREFIX || MAGIC.some((byte, i) => prefix[i] !== byte)) {
    throw broken(name, 'an .npy array', 'something else');
  }
  const version = prefix[6]!;
  if (version < 1 || version > 3) throw broken(name, '.npy version 1, 2 or 3', version);
  const view = new DataView(prefix.buffer, prefix.byteOffset);
  const total = version === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  if (total > MAX_HEADER) throw broken(name, `a header of at most ${MAX_HEADER} bytes`, total);
  return total;
}

/**
 * Parses the header of an .npy array (versions 1 to 3). Throws ERR_PICKLE for arrays of Python objects, ERR_DATA_FILE for structured
 * and void types, for Fortran order where it matters, and for anything that is not a header.
 *
 * Source: numpy.lib.format, "Format specification".
 */
export function parseNpyHeader(name: string, bytes: Uint8Array): NpyHeader {
  const dataStart = npyHeaderLength(name, bytes);
  if (bytes.length < dataStart) throw broken(name, `a header of ${dataStart} bytes`, `${bytes.length} bytes`);
  const start = bytes[6] === 1 ? 10 : 12;
  const text = new TextDecoder().decode(bytes.subarray(start, dataStart));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const dims = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(text)?.[1];
  if (descr === undefined)
    throw broken(name, 'a plain element type', /'descr'\s*:\s*.{0,40}/.exec(text)?.[0] ?? 'none');
  if (order === undefined || dims === undefined) throw broken(name, 'fortran_order and shape', text.slice(0, 80));
  const shape = dims
    .split(',')
    .map((part) => part.trim().replace(/L$/, ''))
    .filter((part) => part !== '')
    .map(Number);
  if (shape.length > MAX_RANK) throw broken(name, `at most ${MAX_RANK} axes`, shape.length);
  elementCount(shape);
  if (order === 'True' && shape.filter((dim) => dim !== 1).length > 1) {
    throw broken(name, 'row-major order (numpy.ascontiguousarray)', 'Fortran order');
  }
  return { ...parseType(name, descr), shape, dataStart };
}

function parseType(name: string, descr: string): NpyType {
  const match = /^([<>|=])?([a-zA-Z])(\d*)$/.exec(descr);
  if (!match) throw broken(name, 'a plain element type', descr);
  const [, order = '|', kind = '', digits = ''] = match;
  const size = digits === '' ? 0 : Number(digits);
  if (kind === 'O') {
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_PICKLE',
      `${name}: expected numbers or text, received pickled Python objects, which are never loaded`,
    );
  }
  const swap = order === '>';
  if (kind === 'S' || kind === 'U') {
    return { dtype: 'string', itemSize: kind === 'U' ? 4 * size : size, swap, text: kind };
  }
  const dtype = KINDS[kind + digits];
  if (!dtype) throw broken(name, `an element type of ${Object.keys(KINDS).join(', ')}, S, U`, descr);
  return { dtype, itemSize: size, swap };
}
