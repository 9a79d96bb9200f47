import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { arrayDataset, openTrainingSession, toTrainingForm, type TrainingForm } from '@gossamer/train';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noise } from '../testing/emit-static.js';
import { optimizedOps, runOrt } from '../testing/ort.js';
import { activationMax } from './grids.js';
import { insertGrids } from './insert-grids.js';
import { quantizeAware } from './quantize-aware.js';
import type { QuantizeAwareOptions, QuantizeAwareResult } from './quantize-aware-options.js';

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

/** A normalization of the input, and two behind convolutions. */
function normalized(): Model {
  const g = new GraphBuilder('normalized');
  const normalize = (x: ReturnType<GraphBuilder['op']>, name: string, channels: number) => {
    const fill = (part: string, value: number) =>
      g.weight(`${name}.${part}`, [channels], new Float32Array(channels).fill(value));
    return g.op('BatchNormalization', [
      x,
      fill('scale', 1.5),
      fill('shift', 0.2),
      fill('mean', 0.1),
      fill('variance', 0.7),
    ]);
  };
  const kernel = (name: string, inputs: number, seed: number) =>
    g.weight(
      `${name}.w`,
      [CHANNELS, inputs, 3, 3],
      noise(CHANNELS * inputs * 9, seed).map((x) => x * 0.4),
    );
  // What the convolution pads with would not be shifted: the first cannot be folded.
  const x = normalize(g.input('input', 'float32', ['n', 1, SIDE, SIDE]), 'alone', 1);
  const pads = { pads: [1, 1, 1, 1] };
  const a = g.op('Relu', [normalize(g.op('Conv', [x, kernel('first', 1, 1)], pads), 'one', CHANNELS)]);
  const b = g.op('Relu', [normalize(g.op('Conv', [a, kernel('second', CHANNELS, 3)], pads), 'two', CHANNELS)]);
  const flat = g.op('Flatten', [b]);
  const rows = CHANNELS * PIXELS;
  const last = g.weight(
    'last.w',
    [rows, CLASSES],
    noise(rows * CLASSES, 5).map((w) => w * 0.1),
  );
  return g.output(g.op('Gemm', [flat, last, g.weight('last.b', [CLASSES], noise(CLASSES, 6))]), 'y').model();
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
  ['moving ranges', { activations: 'ema' }],
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
  await expectLastPass(result, options);
});

test('normalizations of convolutions are folded first; another one keeps its running statistics and computes as trained', async () => {
  const options = { ...base, epochs: 2 };
  const result = await quantizeAware(normalized(), images(), options);
  const stays = [...result.model.graph.nodes()].filter(({ op }) => op === 'BatchNormalization');
  expect(stays.map((node) => node.input(1)!.name)).toEqual(['alone.scale']);
  expect(stays[0]!.input(3)!.constant!.toFloat32()).toEqual(Float32Array.of(0.1));
  expect(stays[0]!.input(4)!.constant!.toFloat32()).toEqual(Float32Array.of(0.7));
  // Its scale was trained.
  expect(stays[0]!.input(1)!.constant!.toFloat32()).not.toEqual(Float32Array.of(1.5));
  await expectLastPass(result, options);
});

const evaluated = (model: Model) => toTrainingForm(model, { batch: SAMPLES, mode: 'evaluate', batchNorm: 'frozen' });

async function forwardPass({ model, parameters, running }: TrainingForm): Promise<Readonly<Record<string, Tensor>>> {
  const session = await openTrainingSession(model, { engine: 'reference' });
  const own = Object.fromEntries([...parameters, ...running].map(({ name, initial }) => [name, initial]));
  const outputs = await session.run({ ...feed(), ...own });
  await session.dispose();
  return outputs;
}

/** ONNX Runtime computes from the exported model what a forward pass of training does with the last weights. */
async function expectLastPass({ model, trained, grids }: QuantizeAwareResult, options: QuantizeAwareOptions) {
  const form = insertGrids(evaluated(trained), grids, options.activations ?? 'lsq', false);
  const expected = (await forwardPass(form))['y']!.toFloat32();
  const actual = (await runOrt(model, feed()))['y']!.toFloat32();
  // A sum that lies within a rounding error of the middle between two codes may become either: that moves an output by codes. All others agree to
  // float rounding of sums of 16 terms below 2^4.
  const apart = expected.filter((x, i) => Math.abs(x - actual[i]!) > 16 * 2 ** -20);
  expect(apart.length).toBeLessThanOrEqual(0.02 * expected.length);
}

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

test('interrupted in the second of three stages, training ends in the same bytes, on the grid of the last bits', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-qat-'));
  try {
    const options = { ...base, activations: 'ema', stages: [8, 6], epochs: 1 } as const;
    const once = await quantizeAware(network(), images(), options);
    const abort = new AbortController();
    let updates = 0;
    // 6 updates a stage.
    const onStep = () => ++updates === 9 && abort.abort();
    const kept = { ...options, checkpoint: { path: join(folder, 'checkpoint.safetensors') } };
    const interrupted = quantizeAware(network(), images(), { ...kept, onStep, signal: abort.signal });
    await expect(interrupted).rejects.toThrow('aborted');
    const resumed = await quantizeAware(network(), images(), kept);
    expect(Buffer.from(serializeModel(resumed.model))).toEqual(Buffer.from(serializeModel(once.model)));
    expect(once.grids.weights.map(({ bits }) => bits)).toEqual([8, 4, 4, 8]);
    expect(once.grids.activations.map(({ bits }) => bits).sort()).toEqual([4, 4, 8, 8, 8]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('codes times scales are the weights of the last forward pass, bit for bit', async () => {
  const { model, trained, grids } = await quantizeAware(network(), images(), { ...base, weightBits: 3, epochs: 2 });
  const form = insertGrids(evaluated(trained), grids, 'lsq', false);
  const { graph } = form.model;
  const simulated = new Map(
    grids.weights.map(({ value }) => {
      const fake = graph.value(value)!.uses.find(({ node }) => node.op === 'FakeQuantize')!.node;
      return [value, fake.output.name] as const;
    }),
  );
  for (const name of simulated.values()) graph.addOutput(graph.value(name)!);
  const passed = await forwardPass(form);
  for (const { value, shape, axis, bits } of grids.weights) {
    const codes = model.graph.value(`${value}_quantized`)!;
    // What takes 4 bits lies behind a Cast to the 8 of the kernels.
    expect(codes.initializer!.dtype).toBe(bits <= 4 ? 'int4' : 'int8');
    const reader = codes.uses[0]!.node;
    const dequantize = bits <= 4 ? reader.output.uses[0]!.node : reader;
    const scales = dequantize.input(1)!.constant!.toFloat32();
    const inner = shape.slice(axis! + 1).reduce((a, b) => a * b, 1);
    // The scale of third.w has taken up alpha.
    const alpha = value === 'third.w' ? 0.5 : 1;
    const list = codes.initializer!.toFloat32();
    const exported = list.map((code, i) => code * scales[Math.floor(i / inner) % scales.length]!);
    expect(exported).toEqual(passed[simulated.get(value)!]!.toFloat32().map((w) => w * alpha));
    expect(new Set(list).size).toBeLessThanOrEqual(2 ** bits);
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
