import { dtypeBits } from '../dtype.js';
import { GossamerError } from '../errors.js';
import type { Tensor } from '../ir/tensor.js';
import { ChunkList } from '../wire/chunk.js';
import { toBytes } from '../wire/read-chunks.js';
import { writeAtomically, type WriteOptions } from '../wire/write-file.js';
import { nameOfDtype } from './dtype-names.js';
import { DEFAULT_SAFETENSORS_LIMITS } from './limits.js';

/** The header is padded with spaces so that the data start at a multiple of this. */
const ALIGNMENT = 8;
const PIECE_BYTES = 4 * 2 ** 20;

export interface SafetensorsContent {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Strings for `__metadata__`; default none. */
  readonly metadata?: ReadonlyMap<string, string>;
}

/**
 * Writes a safetensors file, whole or not at all; the tensors may be read from the file at `path` itself.
 *
 * Wider elements come first, then by name, so that each tensor is aligned to its element and equal content gives equal bytes. Throws
 * ERR_DTYPE for a type the format lacks, ERR_RESERVED_NAME, ERR_TENSOR_SHAPE (part of a byte), ERR_HEADER_LENGTH, and what `writeAtomically` throws.
 */
export async function saveSafetensors(
  path: string,
  content: SafetensorsContent,
  options: WriteOptions = {},
): Promise<void> {
  await writeAtomically(path, encodeSafetensors(content), options);
}

/** The file of `saveSafetensors` in memory. */
export function serializeSafetensors(content: SafetensorsContent): Uint8Array {
  return toBytes(encodeSafetensors(content));
}

function encodeSafetensors({ tensors, metadata }: SafetensorsContent): ChunkList {
  const ordered = [...tensors].sort(([a, left], [b, right]) => {
    return dtypeBits(right.dtype) - dtypeBits(left.dtype) || (a < b ? -1 : 1);
  });
  const entries: [string, unknown][] = [];
  if (metadata !== undefined && metadata.size > 0) entries.push(['__metadata__', new Map(metadata)]);
  const data = new ChunkList();
  for (const [name, tensor] of ordered) {
    checkTensor(name, tensor);
    const start = data.byteLength;
    pushTensor(data, tensor);
    const dtype = nameOfDtype(tensor.dtype, `tensor ${name}`);
    entries.push([name, { dtype, shape: tensor.dims, data_offsets: [start, data.byteLength] }]);
  }
  const header = Buffer.from(objectText(entries), 'utf8');
  const length = Math.ceil(header.byteLength / ALIGNMENT) * ALIGNMENT;
  checkHeaderLength(length);
  const head = Buffer.alloc(8 + length, ' ');
  head.writeBigUInt64LE(BigInt(length));
  header.copy(head, 8);
  return new ChunkList().push(head).append(data);
}

function checkTensor(name: string, tensor: Tensor): void {
  if (name === '__metadata__') {
    throw new GossamerError('ERR_RESERVED_NAME', `tensor: expected a name the format does not use, received ${name}`);
  }
  if ((tensor.length * dtypeBits(tensor.dtype)) % 8 === 0) return;
  throw new GossamerError(
    'ERR_TENSOR_SHAPE',
    `tensor ${name}: expected whole bytes, received ${tensor.length} x ${tensor.dtype}`,
  );
}

function checkHeaderLength(length: number): void {
  const { maxHeaderBytes } = DEFAULT_SAFETENSORS_LIMITS;
  if (length <= maxHeaderBytes) return;
  throw new GossamerError(
    'ERR_HEADER_LENGTH',
    `header: expected at most ${maxHeaderBytes} bytes, which readers accept, received ${length}`,
  );
}

function pushTensor(data: ChunkList, tensor: Tensor): void {
  const { byteLength } = tensor;
  data.pushStream(byteLength, function* () {
    for (let at = 0; at < byteLength; at += PIECE_BYTES) {
      yield tensor.bytes(at, Math.min(at + PIECE_BYTES, byteLength));
    }
  });
}

/** JSON of an object with the entries in their order, whatever their names (a plain object would move "0" to the front). */
function objectText(entries: Iterable<readonly [string, unknown]>): string {
  const fields = Array.from(entries, ([key, value]) => {
    return `${JSON.stringify(key)}:${value instanceof Map ? objectText(value) : JSON.stringify(value)}`;
  });
  return `{${fields.join(',')}}`;
}
