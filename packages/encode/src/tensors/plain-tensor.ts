import type { DType } from '@gossamer/graph';

/** What is known of a tensor before its data is decoded. */
export interface TensorSpec {
  readonly dtype: DType;
  readonly dims: readonly number[];
}

/** A tensor with its bytes in ONNX raw layout (little-endian, row-major, sub-byte elements packed low bits first). */
export interface PlainTensor extends TensorSpec {
  readonly bytes: Uint8Array;
}

/** A way to write a tensor's data. */
export interface TensorForm {
  readonly name: string;
  /** The data in this form, or undefined where the form cannot hold it exactly (or is known not to pay). */
  encode(tensor: PlainTensor): Uint8Array | undefined;
  /** The bytes of a tensor, as many as `spec` says. Throws ERR_GSM_FORMAT for a body that is not of this form. */
  decode(body: Uint8Array, spec: TensorSpec): Uint8Array;
}
