import { type Model, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { loadModel } from '@gossamer/graph/onnx';
import { openData, Session } from '@gossamer/runtime';
import { join } from 'node:path';
import type { QuantizeOptions } from './options.js';
import { quantize } from './quantize.js';

const MODELS = join(__dirname, '../../../fixtures/models');

const image = Tensor.of(
  'float32',
  [1, 1, 28, 28],
  Float32Array.from({ length: 784 }, (_, i) => Math.sin(i * 0.37)),
);
const tokens = Tensor.of(
  'int64',
  [1, 128],
  BigInt64Array.from({ length: 128 }, (_, i) => BigInt((i * 7) % 512)),
);

async function quantized(name: string, options: Partial<QuantizeOptions>): Promise<Model> {
  const model = await loadModel(join(MODELS, `${name}.onnx`));
  const data = options.mode === 'static' ? { data: await openData('random:4') } : {};
  return (await quantize(model, { ...options, ...data } as QuantizeOptions)).model;
}

async function runNative(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Float64Array> {
  const session = await Session.open(model, { engine: 'native' });
  const [output] = Object.values(await session.run(feeds));
  await session.dispose();
  return output!.toFloat64();
}

const outputOf = (model: Model, feeds: Readonly<Record<string, Tensor>>) =>
  Object.values(evaluate(model, feeds))[0]!.toFloat64();

test.each([
  ['lenet-5', {}],
  ['lenet-5', { format: 'qoperator', activations: 'int8' }],
  ['resnet20-mnist', {}],
  ['resnet20-mnist', { activations: 'int8' }],
  ['resnet20-mnist', { format: 'qoperator' }],
] as const)('%s %j: integers from end to end, the same codes as by the standard', async (name, options) => {
  const model = await quantized(name, { mode: 'static', ...options });
  const [got, want] = [await runNative(model, { input: image }), outputOf(model, { input: image })];
  // The last layer gives floats: its sums are exact, its scales rounded once or twice. One code more or less anywhere is 1e-3 and up.
  const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  want.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-6 * most));
});

test.each([
  // 4- and 8-bit weights on float activations: rounding only.
  [{ mode: 'weight-only', accuracyLevel: 0 }, 1e-5],
  [{ mode: 'weight-only', blockFormat: 'dequantize-linear' }, 1e-5],
  // A float that rounding moves over the edge of a code moves every later one: as far as 8 bits are from the float model.
  [{ mode: 'weight-only' }, 0.03],
  [{ mode: 'dynamic' }, 0.03],
] as const)('tinylm %j', async (options, tolerance) => {
  const model = await quantized('tinylm', options);
  const [got, want] = [await runNative(model, { tokens }), outputOf(model, { tokens })];
  const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const worst = want.reduce((found, value, i) => Math.max(found, Math.abs(got[i]! - value)), 0);
  expect(worst).toBeLessThanOrEqual(tolerance * most);
});
