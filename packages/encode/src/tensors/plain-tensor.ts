import { type DType, dtypeByteLength } from '@gossamer/graph';
import type { BinaryCoder } from '../coders/binary-coder.js';

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
  /**
   * Codes the data in this form, any number of times; undefined where the form cannot hold it exactly (or is known not to pay).
   */
  plan(tensor: PlainTensor): ((coder: BinaryCoder) => void) | undefined;
  /** Reads what a plan coded: the bytes of a tensor, as many as `spec` says. Throws ERR_GSM_FORMAT for what no plan codes. */
  read(coder: BinaryCoder, spec: TensorSpec): Uint8Array;
  /** The data as the body of a stream of its own, where that is more than what `plan` codes. */
  readonly body?: {
    encode(tensor: PlainTensor): Uint8Array | undefined;
    decode(body: Uint8Array, spec: TensorSpec): Uint8Array;
  };
  /** Decisions that the data takes at least: a stream that cannot hold them is refused. Default: one an element. */
  decisions?(spec: TensorSpec): number;
}

/** Elements of a tensor. */
export function elementCount({ dims }: TensorSpec): number {
  return dims.reduce((a, b) => a * b, 1);
}

/** Bytes of a tensor's data in raw layout. */
export function byteLengthOf(spec: TensorSpec): number {
  return dtypeByteLength(spec.dtype, elementCount(spec));
}
