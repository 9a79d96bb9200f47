import type { PlainTensor, TensorSpec } from '../tensors/plain-tensor.js';

/** A plain layout of a sparse tensor: no entropy coding, every field of a fixed width. */
export interface SparseForm {
  readonly name: string;
  /** Undefined where the pattern is not of this form. Throws ERR_ENCODE_OPTION for elements of less than a byte. */
  encode(tensor: PlainTensor): Uint8Array | undefined;
  /** The dense bytes. Throws ERR_GSM_FORMAT for bytes that are not of this form. */
  decode(body: Uint8Array, spec: TensorSpec): Uint8Array;
}
