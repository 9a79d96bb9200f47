import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DType, type Model, Tensor } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
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

/** How often each operator stands in the graph that ONNX Runtime makes of the model, all scopes. */
export async function optimizedOps(model: Model): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'gossamer-quantize-'));
  try {
    const path = join(folder, 'optimized.onnx');
    const session = await ort.InferenceSession.create(serializeModel(model), {
      ...OPTIONS,
      optimizedModelFilePath: path,
    });
    await session.release();
    return countOps(parseModel(readFileSync(path)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How often each operator stands in the model, all scopes, without Constant. */
export function countOps(model: Model): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const scope of model.scopes()) {
    for (const node of scope.nodes()) if (node.op !== 'Constant') counts[node.op] = (counts[node.op] ?? 0) + 1;
  }
  return counts;
}

function toOrt(tensor: Tensor): ort.Tensor {
  const bytes = tensor.bytes().slice();
  const Constructor = ARRAYS[tensor.dtype as keyof typeof ARRAYS];
  return new ort.Tensor(tensor.dtype as 'float32', new Constructor(bytes.buffer) as Float32Array, tensor.dims);
}

function fromOrt(value: ort.Tensor): Tensor {
  return Tensor.of(value.type as DType, value.dims, value.data as Float32Array);
}

/** 10 log10 of signal over noise power, in dB. */
export function sqnr(reference: Tensor, actual: Tensor): number {
  const x = reference.toFloat32();
  const y = actual.toFloat32();
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < x.length; i++) {
    signal += x[i]! ** 2;
    noise += (x[i]! - y[i]!) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}
