import { join } from 'node:path';
import { GraphBuilder, type Model, Tensor, weightViews } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { dataFromArrays, type DataSource } from '@gossamer/runtime';
import { pruneWeights } from './prune-weights.js';
import type { PruneWeightsOptions } from './prune-weights-options.js';
import { digits } from './testing/digits.js';
import { runOrt } from './testing/ort.js';

const [SAMPLES, WIDTH, CLASSES] = [96, 24, 6];
const wave = (length: number, phase: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(1.7 * i + 0.01 * i * i + phase) / (1 + (i % 5)));
/** Inputs that go together, so that others can make up for what is gone. */
const x = Float32Array.from(
  { length: SAMPLES * WIDTH },
  (_, i) => Math.sin(Math.floor(i / WIDTH) * (1 + ((i % WIDTH) >> 2))) + 0.3 * Math.sin(7.1 * i),
);
const inputs = Tensor.of('float32', [SAMPLES, WIDTH], x);
const labels = BigInt64Array.from({ length: SAMPLES }, (_, i) => BigInt((i * i) % CLASSES));
const data: DataSource = dataFromArrays({ x: inputs, labels: Tensor.of('int64', [SAMPLES], labels) });

/** Three layers; what the last one reads is an output too. `isTied`: the second has the weight of the first, turned. */
function net(isTied = false): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const first = g.weight('first', [WIDTH, WIDTH], wave(WIDTH * WIDTH, 1));
  const second = isTied
    ? g.op('Transpose', [first], { perm: [1, 0] })
    : g.weight('second', [WIDTH, WIDTH], wave(WIDTH * WIDTH, 4));
  const a = g.op('Relu', [g.op('MatMul', [g.input('x', 'float32', ['n', WIDTH]), first], {}, { name: 'a' })]);
  const b = g.op('Relu', [g.op('MatMul', [a, second], {}, { name: 'b' })]);
  const head = g.weight('head', [WIDTH, CLASSES], wave(WIDTH * CLASSES, 2));
  return g
    .output(g.op('MatMul', [b, head], {}, { name: 'c' }), 'y', 'float32', ['n', CLASSES])
    .output(b, 'h', 'float32', ['n', WIDTH])
    .model();
}

const outputOf = async (model: Model, name = 'y') => (await runOrt(model, { x: inputs }))[name]!.toFloat32();
const squared = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
const prune = (options: PruneWeightsOptions) => pruneWeights(net(), { data, threads: 1, ...options });

const HALF: PruneWeightsOptions = { sparsity: 0.5, allocation: 'uniform' };
const CHOSEN: PruneWeightsOptions = { ...HALF, criterion: 'magnitude', pattern: 'block:1x4' };

test.each<[string, PruneWeightsOptions, PruneWeightsOptions]>([
  ['SparseGPT', { ...HALF, update: 'sparsegpt' }, HALF],
  ['OBC', { ...HALF, update: 'obs' }, HALF],
  ['OBC of masks of Wanda', { ...HALF, update: 'obs', criterion: 'wanda' }, HALF],
  ['SparseGPT of blocks', { ...CHOSEN, update: 'sparsegpt' }, CHOSEN],
  ['SparseGPT, 2:4', { pattern: '2:4', update: 'sparsegpt' }, { pattern: '2:4' }],
  ['OBC, 2:4', { pattern: '2:4', update: 'obs' }, { pattern: '2:4' }],
])('%s: the outputs are nearer to those of the dense model than by magnitude', async (_, options, byMagnitude) => {
  const { model, masks, report } = await prune(options);
  const { model: base } = await prune(byMagnitude);
  const dense = await outputOf(net());
  expect(squared(await outputOf(model), dense)).toBeLessThan(squared(await outputOf(base), dense));
  expect(report.left).toEqual([]);
  expect(report.weights.map(({ layers }) => layers)).toEqual([['a'], ['b'], ['c']]);
  for (const weight of report.weights) {
    expect(weight.rise).toBeGreaterThan(0);
    expect(Math.abs(weight.zeros / weight.elements - 0.5)).toBeLessThan(0.05);
  }
  for (const [name, mask] of masks) {
    const values = model.graph.value(name)!.initializer!.toFloat32();
    mask.forEach((keep, i) => expect(values[i] === 0).toBe(keep === 0));
  }
});

test('the rise that is told is that of the outputs, and what the damping adds', async () => {
  const { model, report } = await prune({ sparsity: 0.6, update: 'obs', include: ['c'] });
  const rise = squared(await outputOf(model), await outputOf(net())) / SAMPLES;
  const headOf = (own: Model) => own.graph.value('head')!.initializer!.toFloat32();
  const hidden = await outputOf(net(), 'h');
  // Columns that are always 0 have another damping, which no weight pays: nothing was put in their place.
  const live = new Set([...hidden.keys()].filter((i) => hidden[i] !== 0).map((i) => i % WIDTH)).size;
  const lambda = (0.01 * hidden.reduce((sum, value) => sum + value * value, 0)) / SAMPLES / live;
  const damping = lambda * squared(headOf(model), headOf(net()));
  expect(live).toBe(WIDTH);
  // Outputs are sums of floats; elements of second moments are off by up to 2^-16.
  expect(report.weights[0]!.rise! / (rise + damping)).toBeCloseTo(1, 3);
});

test('layers see what the pruned layers before them make', async () => {
  const { model } = await prune({ sparsity: 0.6, update: 'obs', include: ['a', 'c'] });
  // The head alone, behind a first layer that was pruned already.
  const { model: first } = await prune({ sparsity: 0.6, update: 'obs', include: ['a'] });
  const { model: then } = await pruneWeights(first, { sparsity: 0.6, update: 'obs', include: ['c'], data, threads: 1 });
  expect(model.graph.value('head')!.initializer!.toFloat32()).toEqual(
    then.graph.value('head')!.initializer!.toFloat32(),
  );
});

test('a weight that layers share is made for the first of them, and the report says so', async () => {
  const { report } = await pruneWeights(net(true), { sparsity: 0.5, update: 'sparsegpt', data, threads: 1 });
  expect(report.weights.map(({ layers }) => layers)).toEqual([['a', 'b'], ['c']]);
  expect(report.warnings).toEqual(['a: its update keeps the outputs of this layer; b reads the same weight']);
});

test('woodfisher: on a trained net the loss rises by less than without the update', async () => {
  const model = await loadModel(join(import.meta.dirname, '../../../fixtures/models/lenet-300-100.onnx'));
  const count = 96;
  const [input, answers] = [new Float32Array(count * 784), new BigInt64Array(count)];
  digits(0, count).read(Uint32Array.from(answers.keys()), { input, labels: answers });
  const images = Tensor.of('float32', [count, 1, 28, 28], input);
  const source = dataFromArrays({ input: images, labels: Tensor.of('int64', [count], answers) });
  // All layers but the first, the large one.
  const include = weightViews(model)
    .slice(1)
    .map(({ layerId }) => layerId);
  const options = { sparsity: 0.93, criterion: 'woodfisher', data: source, threads: 1, include };
  const [updated, plain] = [
    await pruneWeights(model, { ...options, update: 'woodfisher' }),
    await pruneWeights(model, options),
  ];
  expect(updated.masks).toEqual(plain.masks);
  const loss = async (own: Model) => {
    const y = Object.values(await runOrt(own, { input: images }))[0]!.toFloat32();
    let sum = 0;
    for (let row = 0; row < count; row++) {
      const scores = Array.from(y.subarray(row * 10, (row + 1) * 10));
      const top = Math.max(...scores);
      sum += Math.log(scores.reduce((all, z) => all + Math.exp(z - top), 0)) + top - scores[Number(answers[row])]!;
    }
    return sum / count;
  };
  expect(await loss(updated.model)).toBeLessThan(await loss(plain.model));
  expect(updated.report.weights.every(({ rise }) => rise! > 0)).toBe(true);
  expect(plain.report.weights.every(({ rise }) => rise === undefined)).toBe(true);
});

test('the same options give the same bytes, and the model that is given stays', async () => {
  for (const update of ['obs', 'sparsegpt', 'woodfisher'] as const) {
    const model = net();
    const before = Buffer.from(serializeModel(model));
    const options = { sparsity: 0.5, update, data, threads: 1, samples: 24 };
    const [a, b] = [await pruneWeights(model, options), await pruneWeights(model, options)];
    expect(Buffer.from(serializeModel(a.model)).equals(Buffer.from(serializeModel(b.model)))).toBe(true);
    expect(Buffer.from(serializeModel(model)).equals(before)).toBe(true);
  }
});

test('what no update reaches: left where the update chooses, pruned as it is where a criterion did', async () => {
  const hidden = () => {
    const g = new GraphBuilder('net', { opset: 17 });
    const steps = g.input('s', 'float32', ['t', 'n', WIDTH]);
    const [y] = [
      g.op(
        'GRU',
        [
          steps,
          g.weight('gru_w', [1, 3 * 8, WIDTH], wave(24 * WIDTH, 1)),
          g.weight('gru_r', [1, 3 * 8, 8], wave(24 * 8, 2)),
        ],
        { hidden_size: 8 },
        { name: 'gru' },
      ),
    ];
    return g.output(y, 'y', 'float32', ['t', 1, 'n', 8]).model();
  };
  const steps = dataFromArrays({ s: Tensor.of('float32', [6, 4, WIDTH], wave(24 * WIDTH, 5)) });
  const own = await pruneWeights(hidden(), { sparsity: 0.5, update: 'sparsegpt', data: steps, threads: 1 });
  const given = await pruneWeights(hidden(), {
    ...{ sparsity: 0.5, update: 'sparsegpt', criterion: 'magnitude', allocation: 'uniform' },
    ...{ data: steps, threads: 1 },
  });
  // R of a GRU that resets the state before it multiplies it sees no vectors.
  expect(own.report.left).toEqual([{ name: 'gru', op: 'GRU', reason: 'its inputs are not known' }]);
  expect(given.report.left).toEqual([]);
  expect(given.report.warnings).toEqual(['gru: pruned without an update: its inputs are not known']);
});
