import { dtypeBits, dtypeByteLength } from '@gossamer/graph';
import { encodeError } from '../error-codes.js';
import type { PlainTensor, TensorSpec } from '../tensors/plain-tensor.js';

/** The elements of a tensor that are not all zero bits (-0 is one), with their positions in row-major order. */
export interface Nonzeros {
  /** Bytes of one element. */
  readonly width: number;
  /** Elements of the tensor. */
  readonly count: number;
  /** Rising. */
  readonly positions: Uint32Array;
  /** The elements' bytes, one after another. */
  readonly values: Uint8Array;
}

/** Bytes of one element. Throws ERR_ENCODE_OPTION for elements of less than a byte and strings, and from 2^32 elements on. */
export function elementWidth({ dtype, dims }: TensorSpec): number {
  const width = dtypeBits(dtype) / 8;
  if (width < 1)
    throw encodeError('ERR_ENCODE_OPTION', `sparse form: expected elements of whole bytes, received ${dtype}`);
  if (countOf({ dtype, dims }) >= 2 ** 32)
    throw encodeError('ERR_ENCODE_OPTION', 'sparse form: expected fewer than 2^32 elements, received more');
  return width;
}

export function countOf({ dims }: TensorSpec): number {
  return dims.reduce((a, b) => a * b, 1);
}

export function findNonzeros(tensor: PlainTensor): Nonzeros {
  const width = elementWidth(tensor);
  const count = countOf(tensor);
  const { bytes } = tensor;
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    let at = i * width;
    const end = at + width;
    while (at < end && bytes[at] === 0) at++;
    if (at < end) found.push(i);
  }
  const values = new Uint8Array(found.length * width);
  found.forEach((position, i) => values.set(bytes.subarray(position * width, (position + 1) * width), i * width));
  return { width, count, positions: Uint32Array.from(found), values };
}

/** Puts elements at their positions. Throws ERR_GSM_FORMAT for a position outside. */
export function placeNonzeros(spec: TensorSpec, positions: ArrayLike<number>, values: Uint8Array): Uint8Array {
  const width = elementWidth(spec);
  const count = countOf(spec);
  const bytes = new Uint8Array(dtypeByteLength(spec.dtype, count));
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    if (!(position < count))
      throw encodeError('ERR_GSM_FORMAT', `sparse form: expected a position below ${count}, received ${position}`);
    bytes.set(values.subarray(i * width, (i + 1) * width), position * width);
  }
  return bytes;
}
