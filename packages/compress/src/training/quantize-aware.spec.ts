import { Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import { buildArchitecture, fillUniform } from '@gossamer/train';
import { OnnxModel } from '../onnx-model.js';
import { finetune } from './finetune.js';
import { quantizeAware, type QuantizeAwareOptions } from './quantize-aware.js';

const SAMPLES = 120;
const TRAINING = { batch: 16, threads: 1, validation: 0, learningRate: 0.01, seed: 1 };

/** Points around three corners of a cube, with the corner as label. */
function corners(withLabels = true) {
  const noise = new Float32Array(SAMPLES * 8);
  fillUniform(noise, 1, 0, 0);
  const input = noise.map((u, i) => u - 0.5 + (i % 8 === Math.floor(i / 8) % 3 ? 0.8 : 0));
  const labels = Tensor.fromNumbers(
    'int64',
    [SAMPLES],
    Array.from({ length: SAMPLES }, (_, i) => i % 3),
  );
  const arrays = { input: Tensor.of('float32', [SAMPLES, 8], input), ...(withLabels ? { labels } : {}) };
  return dataFromArrays(arrays);
}

let model: OnnxModel;
beforeAll(async () => {
  const plain = new OnnxModel(buildArchitecture('mlp-8-16-16-3', 1));
  ({ model } = await finetune(plain, { ...TRAINING, data: corners(), epochs: 6 }));
});

const aware = async (options: Partial<QuantizeAwareOptions> = {}) =>
  quantizeAware(model, { ...TRAINING, data: corners(), epochs: 3, weightBits: 3, activationBits: 3, ...options });

test('labels alone, or a teacher beside them, train for the codes; equal seeds give equal bytes', async () => {
  const weights = () => [...model.ir.graph.initializers()].map(({ constant }) => constant!.toFloat32().slice());
  const before = weights();
  const [labels, again, taught] = [await aware(), await aware(), await aware({ teacher: model })];
  for (const { history, grids, report } of [labels, taught]) {
    expect(history).toHaveLength(3);
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss);
    expect(grids.weights.map(({ bits }) => bits)).toEqual([8, 3, 8]);
    expect(report.layers.every(({ action }) => action === 'quantized')).toBe(true);
  }
  expect(again.grids).toEqual(labels.grids);
  expect(taught.grids).not.toEqual(labels.grids);
  expect(weights()).toEqual(before);
});

test('a teacher teaches data without labels; without one they are refused', async () => {
  const { history } = await aware({ data: corners(false), teacher: model });
  expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss);
  const refused = { code: 'ERR_OPTION' };
  await expect(aware({ data: corners(false) })).rejects.toMatchObject(refused);
  await expect(aware({ teacher: model, labelSmoothing: 0.1 })).rejects.toMatchObject(refused);
});
