import type { BinaryCoder } from '../coders/binary-coder.js';
import { readTensor } from '../tensors/encode-tensor.js';
import type { Payload } from './payload-of.js';

/** Tensors of at most so many bytes are coded behind the skeleton, as long as they are together no more than that. */
const MAX_BYTES = 2 ** 15;
const MAX_TOTAL = 2 ** 17;

/** A tensor that was decoded with the head. */
export interface InlineTensor {
  readonly form: string;
  readonly bytes: Uint8Array;
}

/** Which payloads are coded behind the skeleton, by the coder of the skeleton, in their order. `first`: as `firstOfEqual` says. */
export function areInline(payloads: readonly Payload[], first: readonly number[]): readonly boolean[] {
  let total = 0;
  return payloads.map(({ byteLength }, index) => {
    if (first[index] !== index || byteLength > MAX_BYTES || total + byteLength > MAX_TOTAL) return false;
    total += byteLength;
    return true;
  });
}

/** Reads them, by the index of their payload. */
export function readInline(
  coder: BinaryCoder,
  payloads: readonly Payload[],
  first: readonly number[],
): ReadonlyMap<number, InlineTensor> {
  const tensors = new Map<number, InlineTensor>();
  areInline(payloads, first).forEach((isInline, index) => {
    if (isInline) tensors.set(index, readTensor(coder, payloads[index]!));
  });
  return tensors;
}
