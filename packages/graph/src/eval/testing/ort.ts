import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { DType } from '../../dtype.js';
import type { Model } from '../../ir/model.js';
import { elementCount, Tensor, type TensorData } from '../../ir/tensor.js';
import { serializeModel } from '../../onnx/index.js';

const ORT_TYPE: Partial<Record<DType, OrtTensor.Type>> = {
  float32: 'float32',
  float64: 'float64',
  int32: 'int32',
  int64: 'int64',
  uint8: 'uint8',
  int8: 'int8',
  bool: 'bool',
};

function toOrt(tensor: Tensor): OrtTensor {
  if (tensor.dtype === 'string') {
    const values = tensor.strings().map((bytes) => new TextDecoder().decode(bytes));
    return new OrtTensor('string', values, tensor.dims) as OrtTensor;
  }
  const type = ORT_TYPE[tensor.dtype];
  if (!type) throw new Error(`ort: no test uses ${tensor.dtype}`);
  const bytes = tensor.bytes().slice();
  const arrays = {
    float32: Float32Array,
    float64: Float64Array,
    int32: Int32Array,
    int64: BigInt64Array,
    uint8: Uint8Array,
    int8: Int8Array,
    bool: Uint8Array,
  };
  const data = new arrays[type as keyof typeof arrays](bytes.buffer);
  return new OrtTensor(type, data as Float32Array, tensor.dims) as OrtTensor;
}

function fromOrt(tensor: OrtTensor): Tensor {
  if (tensor.type === 'string') return texts(tensor.dims, tensor.data as string[]);
  return Tensor.of(tensor.type as DType, tensor.dims, tensor.data as TensorData);
}

/** A tensor of strings. */
export function texts(dims: readonly number[], values: readonly string[]): Tensor {
  return Tensor.ofStrings(
    dims,
    values.map((value) => new TextEncoder().encode(value)),
  );
}

/** Runs a model in ONNX Runtime with its own optimisations off (or 'all'), on one thread. */
export async function runInOrt(
  model: Model,
  feeds: Readonly<Record<string, Tensor>>,
  optimisation: 'disabled' | 'all' = 'disabled',
): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(serializeModel(model), {
    graphOptimizationLevel: optimisation,
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  try {
    const inputs = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)]));
    const results = await session.run(inputs);
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  } finally {
    await session.release();
  }
}

/** Uniform float32 numbers in [-1, 1), the same on every machine. Source: Park and Miller 1988, the minimal standard generator. */
export function numbers(dims: readonly number[], seed: number): Tensor {
  let state = (seed * 7919 + 12345) % 2147483647;
  const data = Float32Array.from({ length: elementCount(dims) }, () => {
    state = (state * 48271) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  });
  return Tensor.of('float32', dims, data);
}
