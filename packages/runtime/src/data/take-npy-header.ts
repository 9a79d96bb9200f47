import { elementCount, GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { BytePull } from './byte-pull.js';
import { NPY_PREFIX, npyHeaderLength, type NpyHeader, parseNpyHeader } from './npy-header.js';

/** Takes the header of an array off `pull`; `size` is that of the whole .npy file. Throws ERR_DATA_FILE where the elements are more or fewer bytes. */
export async function takeNpyHeader(label: string, pull: BytePull, size: number): Promise<NpyHeader> {
  const prefix = await pull.take(NPY_PREFIX);
  const length = npyHeaderLength(label, prefix);
  const bytes = new Uint8Array(length);
  bytes.set(prefix);
  bytes.set(await pull.take(length - NPY_PREFIX), NPY_PREFIX);
  const header = parseNpyHeader(label, bytes);
  const expected = elementCount(header.shape) * header.itemSize;
  const received = size - length;
  if (received !== expected) {
    const text = `${label}: expected ${expected} bytes for shape [${header.shape.join(', ')}], received ${received}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_FILE', text);
  }
  return header;
}
