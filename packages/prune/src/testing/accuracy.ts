import { type Model, Tensor } from '@gossamer/graph';
import type { Dataset } from '@gossamer/train';
import { runOrt } from './ort.js';

/** Share of samples whose label has the largest output in ONNX Runtime. */
export async function accuracy(model: Model, data: Dataset): Promise<number> {
  const shape = data.arrays.get('input')!.shape;
  const input = new Float32Array(data.length * shape.reduce((a, b) => a * b, 1));
  const labels = new BigInt64Array(data.length);
  data.read(
    Uint32Array.from({ length: data.length }, (_, i) => i),
    { input, labels },
  );
  const name = model.graph.inputs[0]!.name;
  const outputs = await runOrt(model, { [name]: Tensor.of('float32', [data.length, ...shape], input) });
  const logits = outputs[model.graph.outputs[0]!.name]!.toFloat32();
  const classes = logits.length / data.length;
  let right = 0;
  for (let i = 0; i < data.length; i++) {
    const own = logits.subarray(i * classes, (i + 1) * classes);
    if (own.indexOf(Math.max(...own)) === Number(labels[i])) right++;
  }
  return right / data.length;
}
