import { type DType, type Model, Tensor } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import * as ort from 'onnxruntime-node';

export type Feeds = Readonly<Record<string, Tensor>>;

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** Runs a model in ONNX Runtime, one thread. */
export async function runOrt(model: Model, feeds: Feeds): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(serializeModel(model), OPTIONS);
  const inputs = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
  const results = await session.run(Object.fromEntries(inputs));
  const outputs = Object.entries(results).map(([name, value]) => [name, fromOrt(value)] as const);
  await session.release();
  return Object.fromEntries(outputs);
}

const OPTIONS: ort.InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
  graphOptimizationLevel: 'all',
};

function toOrt(tensor: Tensor): ort.Tensor {
  const bytes = tensor.bytes().slice();
  const Constructor = ARRAYS[tensor.dtype as keyof typeof ARRAYS];
  return new ort.Tensor(tensor.dtype as 'float32', new Constructor(bytes.buffer) as Float32Array, tensor.dims);
}

function fromOrt(value: ort.Tensor): Tensor {
  return Tensor.of(value.type as DType, value.dims, value.data as Float32Array);
}
