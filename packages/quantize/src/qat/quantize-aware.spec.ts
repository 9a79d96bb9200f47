import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { arrayDataset, openTrainingSession, toTrainingForm } from '@gossamer/train';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noise } from '../testing/emit-static.js';
import { optimizedOps, runOrt } from '../testing/ort.js';
import { activationMax } from './grids.js';
import { insertGrids } from './insert-grids.js';
import { quantizeAware } from './quantize-aware.js';
import type { QuantizeAwareOptions } from './quantize-aware-options.js';

const [SIDE, CHANNELS, CLASSES, SAMPLES] = [6, 8, 3, 96];
const PIXELS = SIDE * SIDE;

/** Two convolutions with a residual sum, a Clip, a MaxPool and two dense layers, one of them with alpha and a scalar bias. */
function network(): Model {
  const g = new GraphBuilder('net');
  const weight = (name: string, dims: number[], seed: number, size = 0.4) =>
    g.weight(
      name,
      dims,
      noise(
        dims.reduce((a, b) => a * b, 1),
        seed,
      ).map((x) => x * size),
    );
  const conv = (x: ReturnType<GraphBuilder['op']>, name: string, inputs: number, seed: number) =>
    g.op('Conv', [x, weight(`${name}.w`, [CHANNELS, inputs, 3, 3], seed), weight(`${name}.b`, [CHANNELS], seed + 1)], {
      pads: [1, 1, 1, 1],
    });
  const x = g.input('input', 'float32', ['n', 1, SIDE, SIDE]);
  const a = g.op('Relu', [conv(x, 'first', 1, 1)]);
  const b = conv(a, 'second', CHANNELS, 3);
  const sum = g.op('Clip', [g.op('Add', [a, b]), g.constant(0, 'float32'), g.constant(2, 'float32')]);
  const pooled = g.op('MaxPool', [sum], { kernel_shape: [2, 2], strides: [2, 2] });
  const flat = g.op('Flatten', [pooled]);
  const rows = (CHANNELS * PIXELS) / 4;
  const hidden = g.op('Gemm', [flat, weight('third.w', [16, rows], 5, 0.2), weight('third.b', [1], 6)], {
    transB: 1,
    alpha: { type: 'float', value: 0.5 },
  });
  const y = g.op('Gemm', [g.op('Relu', [hidden]), weight('last.w', [16, CLASSES], 7), weight('last.b', [CLASSES], 8)]);
  return g.output(y, 'y').model();
}

/** Images whose class is where they are brightest. */
function images() {
  const input = noise(SAMPLES * PIXELS, 11);
  const labels = BigInt64Array.from({ length: SAMPLES }, (_, i) => BigInt(i % CLASSES));
  for (let i = 0; i < SAMPLES; i++) {
    const first = i * PIXELS + (i % CLASSES) * 2 * SIDE;
    for (let j = 0; j < 2 * SIDE; j++) input[first + j]! += 1;
  }
  return arrayDataset({
    input: Tensor.of('float32', [SAMPLES, 1, SIDE, SIDE], input),
    labels: Tensor.of('int64', [SAMPLES], labels),
  });
}

const base: QuantizeAwareOptions = {
  ...{ batch: 16, epochs: 4, optimizer: 'adam', learningRate: 5e-3, seed: 1, threads: 1 },
  ...{ weightBits: 4, activationBits: 4, samples: 32 },
};

function feed() {
  const data = images();
  const input = new Float32Array(SAMPLES * PIXELS);
  data.read(
    Uint32Array.from({ length: SAMPLES }, (_, i) => i),
    { input },
  );
  return { input: Tensor.of('float32', [SAMPLES, 1, SIDE, SIDE], input) };
}

test.each<[string, QuantizeAwareOptions]>([
  ['4 bits, LSQ', {}],
  ['2 bits, a scale for the tensor', { weightBits: 2, activationBits: 2, granularity: 'perTensor' }],
  ['PACT', { activations: 'pact' }],
  ['fixed ranges, 8 bits', { activations: 'fixed', weightBits: 8, activationBits: 8 }],
])('%s: ONNX Runtime computes what the last forward pass would', async (_, changes) => {
  const options = { ...base, ...changes };
  const result = await quantizeAware(network(), images(), options);
  expect(result.history.at(-1)!.loss).toBeLessThan(result.history[0]!.loss);
  // Integer kernels for every product.
  const ops = await optimizedOps(result.model);
  expect(ops['QLinearConv']).toBe(2);
  expect(ops['QGemm']).toBe(2);
  expect(ops['Conv'] ?? 0).toBe(0);
  for (const { value, bits } of result.grids.weights) {
    const codes = result.model.graph.value(`${value}_quantized`)!.initializer!.toFloat32();
    expect(Math.max(...codes)).toBeLessThan(2 ** (bits - 1));
    expect(Math.min(...codes)).toBeGreaterThanOrEqual(-(2 ** (bits - 1)));
  }
  const plain = toTrainingForm(result.trained, { batch: SAMPLES, mode: 'evaluate', batchNorm: 'frozen' });
  const form = insertGrids(plain, result.grids, options.activations ?? 'lsq', false);
  const session = await openTrainingSession(form.model, { engine: 'reference' });
  const own = Object.fromEntries(form.parameters.map(({ name, initial }) => [name, initial]));
  const expected = (await session.run({ ...feed(), ...own }))['y']!.toFloat32();
  await session.dispose();
  const actual = (await runOrt(result.model, feed()))['y']!.toFloat32();
  // A sum that lies within a rounding error of the middle between two codes may become either: that moves an output by codes. All others agree to
  // float rounding of sums of 16 terms below 2^4.
  const apart = expected.filter((x, i) => Math.abs(x - actual[i]!) > 16 * 2 ** -20);
  expect(apart.length).toBeLessThanOrEqual(0.02 * expected.length);
});

test('a Clip keeps its limit: the largest code stands for no more', async () => {
  const { grids } = await quantizeAware(network(), images(), { ...base, scaleLearningRate: 20 });
  const clipped = grids.activations.find(({ maxScale }) => maxScale !== undefined)!;
  expect(clipped.scale * activationMax(clipped.bits)).toBeLessThanOrEqual(2 * (1 + 2 ** -23));
  expect(grids.activations.every(({ scale }) => scale > 0)).toBe(true);
});

test('stages train from many bits to few, and each has its checkpoint', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-qat-'));
  try {
    const path = join(folder, 'checkpoint.safetensors');
    const options = { ...base, weightBits: 2, activationBits: 3, stages: [8, 4], epochs: 1, checkpoint: { path } };
    const once = await quantizeAware(network(), images(), options);
    expect(once.history).toHaveLength(3);
    expect(once.grids.weights.map(({ bits }) => bits)).toEqual([8, 2, 2, 8]);
    // All updates are in the checkpoints: nothing is trained again.
    let updates = 0;
    const again = await quantizeAware(network(), images(), { ...options, onStep: () => updates++ });
    expect(updates).toBe(0);
    expect(again.grids).toEqual(once.grids);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('layers that are left out stay in float', async () => {
  const { report } = await quantizeAware(network(), images(), { ...base, epochs: 1, exclude: ['Gemm'] });
  expect(report.layers.filter(({ op }) => op === 'Gemm').map(({ action }) => action)).toEqual([
    'left-float',
    'left-float',
  ]);
});

test.each<[string, QuantizeAwareOptions]>([
  ['weightBits', { weightBits: 1 }],
  ['activationBits', { activationBits: 9 }],
  ['stages', { stages: [4, 8] }],
  ['scaleLearningRate', { scaleLearningRate: -1 }],
])('%s out of range is refused', async (_, changes) => {
  await expect(quantizeAware(network(), images(), { ...base, ...changes })).rejects.toMatchObject({
    code: 'ERR_QUANTIZE_OPTION',
  });
});
