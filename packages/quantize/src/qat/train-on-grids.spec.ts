import { Tensor, weightViews } from '@gossamer/graph';
import { arrayDataset, buildArchitecture, crossEntropy, meanSquaredError } from '@gossamer/train';
import { Session } from '@gossamer/runtime';
import { trainOnGrids } from './train-on-grids.js';

const COUNT = 64;
const input = Float32Array.from({ length: COUNT * 8 }, (_, i) => Math.sin(i * i));
const labels = BigInt64Array.from({ length: COUNT }, (_, i) => (input[8 * i]! > 0 ? 1n : 0n));
const data = arrayDataset({
  input: Tensor.of('float32', [COUNT, 8], input),
  labels: Tensor.of('int64', [COUNT], labels),
});
const options = {
  ...{ losses: [{ loss: crossEntropy() }], epochs: 60, batch: 16, learningRate: 1e-2, seed: 3, threads: 1 },
  ...{ weights: ['fc1.weight', 'fc2.weight'], biases: ['fc1.bias', 'fc2.bias'], weightBits: 3, biasStep: 1 / 8 },
};

test('the model is of codes times scales, and what was measured in training is what ONNX Runtime finds', async () => {
  const first = buildArchitecture('mlp-8-12-2', 1);
  const mask = Uint8Array.from({ length: 96 }, (_, i) => (i % 3 === 0 ? 0 : 1));
  const { model, scales, history } = await trainOnGrids(first, data, {
    ...options,
    masks: new Map([['fc1.weight', mask]]),
    validation: { dataset: data },
  });
  for (const [name, scale] of scales) {
    const most = name.endsWith('bias') ? 127 : 3;
    for (const value of model.graph.value(name)!.initializer!.toFloat32()) {
      const code = Math.round(value / scale);
      expect(Math.abs(code)).toBeLessThanOrEqual(most);
      expect(value).toBe(Math.fround(code * scale));
    }
  }
  const weight = model.graph.value('fc1.weight')!.initializer!.toFloat32();
  expect(weight.every((value, i) => mask[i] === 1 || value === 0)).toBe(true);
  expect(scales.get('fc1.bias')).toBe(1 / 8);
  expect(scales.get('fc1.weight')).not.toBe(scales.get('fc2.weight'));
  const session = await Session.open(model, { engine: 'ort' });
  const logits = Object.values(await session.run({ input: Tensor.of('float32', [COUNT, 8], input) }))[0]!.toFloat32();
  await session.dispose();
  const right = labels.reduce(
    (sum, label, i) => sum + (Number(label) === (logits[2 * i + 1]! > logits[2 * i]! ? 1 : 0) ? 1 : 0),
    0,
  );
  expect(right / COUNT).toBe(history.at(-1)!.validation);
  expect(right / COUNT).toBeGreaterThan(0.9);
});

test('a weight that was far outside learns again', async () => {
  const first = buildArchitecture('mlp-4-1', 1);
  const [view] = weightViews(first);
  const { name } = view!.source;
  view!.write(Float32Array.of(5, 0.1, 0.1, 0.1));
  // Outputs are 0: so should the weights be.
  const samples = Tensor.of(
    'float32',
    [64, 4],
    Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * i)),
  );
  const targets = Tensor.of('float32', [64, 1], new Float32Array(64));
  const { model } = await trainOnGrids(first, arrayDataset({ input: samples, targets }), {
    ...{ losses: [{ loss: meanSquaredError() }], epochs: 100, batch: 16, learningRate: 5e-2, seed: 3, threads: 1 },
    ...{ weights: [name], weightBits: 3 },
  });
  expect(model.graph.value(name)!.initializer!.toFloat32()[0]).toBe(0);
});

test.each([
  ['more bits than codes have', { weightBits: 9 }],
  ['a weight that is not there', { weights: ['fc9.weight'] }],
])('%s is refused', async (_, changes) => {
  await expect(
    trainOnGrids(buildArchitecture('mlp-8-12-2', 1), data, { ...options, ...changes }),
  ).rejects.toMatchObject({
    code: 'ERR_QUANTIZE_OPTION',
  });
});
