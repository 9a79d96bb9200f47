import { type DType, GossamerError, Tensor, type TensorData } from '@gossamer/graph';
import type { DataType, Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { RuntimeErrorCode } from '../error-codes.js';
import { typedView } from '../session/tensor-view.js';
import type { Tf } from './backend.js';

/** Types of a graph, and the types of TensorFlow.js they become. It has no other integers. */
export const STORED: ReadonlyMap<DType, DataType> = new Map<DType, DataType>([
  ['float32', 'float32'],
  ['int32', 'int32'],
  ['int64', 'int32'],
  ['bool', 'bool'],
]);

/** The first 64-bit integer that int32 does not hold; undefined: all fit. */
export function beyondInt32(tensor: Tensor): bigint | undefined {
  if (tensor.dtype !== 'int64') return undefined;
  return (typedView(tensor) as BigInt64Array).find((value) => value !== BigInt.asIntN(32, value));
}

/** A tensor of the backend over the same elements. Throws ERR_TFJS_RUN for a 64-bit integer that does not fit. */
export function upload(tf: Tf, tensor: Tensor): TfTensor {
  const data = typedView(tensor);
  if (data instanceof BigInt64Array) {
    const beyond = beyondInt32(tensor);
    if (beyond !== undefined) throw tooLarge(beyond);
    return tf.tensor(Int32Array.from(data, Number), [...tensor.dims], 'int32');
  }
  const dtype = STORED.get(tensor.dtype);
  if (!dtype) throw new Error(`upload: expected ${[...STORED.keys()].join(', ')}, received ${tensor.dtype}`);
  return tf.tensor(data as Float32Array | Int32Array | Uint8Array, [...tensor.dims], dtype);
}

/** The elements of a tensor of the backend, as `dtype`. A backend may keep them in an array of another type, or of booleans. */
export function download(tensor: TfTensor, dtype: DType): Tensor {
  const data = tensor.dataSync();
  return Tensor.of(dtype, tensor.shape, arrayOf(dtype, data));
}

function arrayOf(dtype: DType, data: ArrayLike<number>): TensorData {
  if (dtype === 'int64') return BigInt64Array.from(data, BigInt);
  if (dtype === 'bool') return Uint8Array.from(data);
  if (dtype === 'int32') return data instanceof Int32Array ? data : new Int32Array(data);
  return data instanceof Float32Array ? data : new Float32Array(data);
}

export const tooLarge = (value: bigint): GossamerError<RuntimeErrorCode> =>
  new GossamerError('ERR_TFJS_RUN', `engine tfjs: expected integers of 32 bits, received ${value}`);
