import { dtypeByteLength, dtypeCode, type DType, isGossamerError } from '@gossamer/graph';
import type { SyncOperations } from '@gossamer/native';
import { nativeAddon, type NativeCall, runCall } from './native-call.js';
import { requireArray } from './require-array.js';

function call(
  stream: Uint8Array,
  dtype: DType,
  dims: readonly number[],
): NativeCall<'decodeTensor', Uint8Array | undefined> {
  requireArray('stream', stream, 'Uint8Array');
  const count = dims.reduce((a, b) => a * b, 1);
  const out = new Uint8Array(dtypeByteLength(dtype, count));
  const isSound = new Float64Array(1);
  return {
    operation: 'decodeTensor',
    args: [stream, dtypeCode(dtype), Float64Array.from(dims), out, isSound],
    finish: () => (isSound[0] === 1 ? out : undefined),
  };
}

/**
 * Decodes the stream of a tensor in a .gsm file (docs/gsm-format.md): its bytes in ONNX raw layout, or undefined for a stream that no encoder wrote. The
 * caller bounds the tensor, whose bytes are made first.
 */
export function decodeTensor(stream: Uint8Array, dtype: DType, dims: readonly number[]): Uint8Array | undefined {
  return runCall(call(stream, dtype, dims));
}

/** Whether the native module is there, and new enough to know `decodeTensor`. */
export function canDecodeTensors(): boolean {
  try {
    return typeof (nativeAddon() as Partial<SyncOperations>).decodeTensor === 'function';
  } catch (error) {
    if (isGossamerError(error) && error.code === 'ERR_NATIVE_LOAD') return false;
    throw error;
  }
}
