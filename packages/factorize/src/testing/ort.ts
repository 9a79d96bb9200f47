import { type Model, Tensor, type DType } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import * as ort from 'onnxruntime-node';

const ARRAYS = { float32: Float32Array, float16: Uint16Array, int64: BigInt64Array } as const;

/** Runs a model in ONNX Runtime, one thread. */
export async function runOrt(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(serializeModel(model), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const inputs = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
  const results = await session.run(Object.fromEntries(inputs));
  const outputs = Object.entries(results).map(
    ([name, { type, dims, data }]) => [name, Tensor.of(type as DType, dims, data as Float32Array)] as const,
  );
  await session.release();
  return Object.fromEntries(outputs);
}

function toOrt(tensor: Tensor): ort.Tensor {
  const Constructor = ARRAYS[tensor.dtype as keyof typeof ARRAYS];
  const { buffer } = tensor.bytes().slice();
  return new ort.Tensor(tensor.dtype as 'float32', new Constructor(buffer) as Float32Array, tensor.dims);
}

/** ‖a - b‖ / ‖a‖ over all elements. */
export function relativeError(a: Tensor, b: Tensor): number {
  const [x, y] = [a.toFloat64(), b.toFloat64()];
  expect(b.dims).toEqual(a.dims);
  let [change, whole] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    change += (x[i]! - y[i]!) ** 2;
    whole += x[i]! ** 2;
  }
  return Math.sqrt(change / whole);
}

/** Operators of a model in order, all scopes. */
export function opsOf(model: Model): string[] {
  return [...model.scopes()].flatMap((scope) => Array.from(scope.nodes(), ({ op }) => op));
}
