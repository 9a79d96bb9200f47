import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { DType } from '../../dtype.js';
import type { Model } from '../../ir/model.js';
import { Tensor, type TensorData } from '../../ir/tensor.js';
import { serializeModel } from '../../onnx/index.js';

/** A session of ONNX Runtime with all its optimisations off: the independent referee of passes. */
export class Referee {
  private constructor(private readonly session: InferenceSession) {}

  static async open(model: Model | Uint8Array): Promise<Referee> {
    const bytes = model instanceof Uint8Array ? model : serializeModel(model);
    // One thread, and no packing of constant weights ahead: how a sum is split then does not depend on the graph around it.
    const options = {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      extra: { session: { disable_prepacking: '1' } },
    } as const;
    return new Referee(await InferenceSession.create(bytes, options));
  }

  /** Outputs by name. */
  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const given = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
    const results = await this.session.run(Object.fromEntries(given));
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  }

  async close(): Promise<void> {
    await this.session.release();
  }
}

/** Runs `model` once. */
export async function runOnce(
  model: Model | Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const referee = await Referee.open(model);
  try {
    return await referee.run(feeds);
  } finally {
    await referee.close();
  }
}

function toOrt(tensor: Tensor): OrtTensor {
  if (tensor.dtype === 'string') {
    const decoder = new TextDecoder();
    return new OrtTensor(
      'string',
      tensor.strings().map((bytes) => decoder.decode(bytes)),
      tensor.dims,
    );
  }
  return new OrtTensor(tensor.dtype as 'float32', typedArray(tensor) as Float32Array, tensor.dims);
}

const ARRAYS: Partial<Record<DType, new (buffer: ArrayBuffer) => TensorData>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
};

function typedArray(tensor: Tensor): TensorData {
  const Type = ARRAYS[tensor.dtype];
  if (!Type) throw new Error(`referee: ${tensor.dtype} cannot be fed`);
  const bytes = tensor.bytes();
  return new Type(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer);
}

function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  if (type === 'string') {
    const encoder = new TextEncoder();
    return Tensor.ofStrings(
      dims,
      Array.from(data as string[], (text) => encoder.encode(text)),
    );
  }
  // A copy: the runtime may reuse its buffer.
  const copy = (data as Float32Array).slice();
  return Tensor.of(type as DType, dims, copy);
}
