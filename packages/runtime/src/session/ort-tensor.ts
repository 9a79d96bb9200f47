import { type DType, GossamerError, Tensor, type TensorData } from '@gossamer/graph';
import type { Tensor as OrtTensor } from 'onnxruntime-common';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { OrtModule } from './ort-module.js';
import { typedView } from './tensor-view.js';

/** Types that cross to onnxruntime-node and back under the same name; float16 travels as Uint16Array codes. */
const SHARED = [
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'int4',
  'uint4',
] as const satisfies readonly DType[];

type SharedDtype = (typeof SHARED)[number];

/** True for elements that ONNX Runtime takes and gives through onnxruntime-node. */
export const isShared = (dtype: string): dtype is SharedDtype => (SHARED as readonly string[]).includes(dtype);

/** A feed for ONNX Runtime over the same memory (a copy only where the bytes are unaligned or on disk). Throws ERR_FEEDS. */
export function toOrtTensor(ort: OrtModule, name: string, tensor: Tensor): OrtTensor {
  const dims = [...tensor.dims];
  if (tensor.dtype === 'string') {
    const text = new TextDecoder();
    return new ort.Tensor(
      'string',
      tensor.strings().map((bytes) => text.decode(bytes)),
      dims,
    );
  }
  if (!isShared(tensor.dtype)) {
    const message = `input ${name}: expected ${SHARED.join(', ')} or string for ONNX Runtime, received ${tensor.dtype}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_FEEDS', message);
  }
  return new ort.Tensor(tensor.dtype, typedView(tensor) as never, dims);
}

/** A result of ONNX Runtime, over the same memory. */
export function fromOrtTensor(name: string, value: OrtTensor): Tensor {
  if (value.type === 'string') {
    const text = new TextEncoder();
    return Tensor.ofStrings(
      value.dims,
      (value.data as string[]).map((item) => text.encode(item)),
    );
  }
  if (!isShared(value.type)) {
    const message = `output ${name}: expected a tensor of numbers or text, received ${String(value.type)}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_ORT_RUN', message);
  }
  return Tensor.of(value.type, value.dims, value.data as unknown as TensorData);
}

/** The dtype of what ONNX Runtime says about an input or output. */
export function fromOrtType(type: string): DType | undefined {
  return isShared(type) || type === 'string' ? type : undefined;
}
