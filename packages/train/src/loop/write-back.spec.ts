import { attribute, GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { loadModel, parseModel, saveModel, serializeModel } from '@gossamer/graph/onnx';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arrayDataset } from '../data/array-dataset.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { blobs, CLASSES, INPUTS } from './testing/blobs.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';

const base: TrainOptions = {
  ...{ losses: [{ loss: crossEntropy() }], batch: 20, epochs: 2, optimizer: 'sgd', seed: 1, threads: 1 },
  learningRate: 0.05,
};
const numbers = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 7 + seed));
const stored = (model: Model, name: string): Tensor => model.graph.value(name)!.constant!;

/** Every byte of the file but those of `names`, whose numbers differ, is as before. */
function expectOnlyWeights(before: Uint8Array, after: Uint8Array, names: readonly string[]): void {
  const [old, trained] = [parseModel(before), parseModel(after)];
  expect(after).toHaveLength(before.length);
  const isWeight = new Uint8Array(before.length);
  for (const name of names) {
    const bytes = stored(old, name).bytes();
    const at = Buffer.from(before).indexOf(bytes);
    expect(at).toBeGreaterThan(0);
    isWeight.fill(1, at, at + bytes.length);
    expect(stored(trained, name).bytes()).not.toEqual(bytes);
  }
  expect(after.filter((byte, i) => isWeight[i] === 0 && byte !== before[i])).toHaveLength(0);
}

const half = (dims: readonly number[], values: Float32Array) => Tensor.fromNumbers('float16', dims, values);

/** Two layers: `w` as it is stored, `v` in float32. */
function layers(make: (g: GraphBuilder) => Value): Model {
  const g = new GraphBuilder('layers');
  const h = g.op('Relu', [g.op('MatMul', [g.input('input', 'float32', ['n', INPUTS]), make(g)])]);
  const y = g.op('MatMul', [h, g.weight('v', [INPUTS, CLASSES], numbers(INPUTS * CLASSES, 2))]);
  return g.output(y, 'y').model();
}

describe('weights in float16', () => {
  const w = () => half([INPUTS, INPUTS], numbers(INPUTS * INPUTS, 1));
  const behindCast = () => layers((g) => g.op('Cast', [g.graph.addInitializer('w', w())], { to: 1 }));

  test('stay float16, rounded half to even, and all else byte for byte', async () => {
    const before = serializeModel(behindCast());
    const { model, warnings } = await train(parseModel(before), blobs(60), base);
    expect(stored(model, 'w').dtype).toBe('float16');
    expectOnlyWeights(before, serializeModel(model), ['w', 'v']);
    expect(warnings.join()).toMatch(/weights: \d+ of 64 that training moved are stored as before: .* float16/);
    // The same training of the widened weights is what is rounded.
    const wide = layers((g) => g.weight('w', [INPUTS, INPUTS], w().toFloat32()));
    const exact = await train(wide, blobs(60), base);
    const rounded = half([INPUTS, INPUTS], stored(exact.model, 'w').toFloat32());
    expect(stored(model, 'w').bytes()).toEqual(rounded.bytes());
    const kept = rounded.toFloat32().filter((v, i) => v === w().toFloat32()[i]).length;
    expect(warnings.join()).toContain(`weights: ${kept} of 64`);
    expect(exact.warnings).toEqual([]);
  });

  test('a net that computes in float16 between float32 inputs and outputs', async () => {
    const g = new GraphBuilder('half');
    const x = g.op('Cast', [g.input('input', 'float32', ['n', INPUTS])], { to: 10 });
    const weight = g.graph.addInitializer('w', half([INPUTS, CLASSES], numbers(INPUTS * CLASSES, 1)));
    const y = g.op('Cast', [g.op('MatMul', [x, weight])], { to: 1 });
    const before = serializeModel(g.output(y, 'y').model());
    const { model } = await train(parseModel(before), blobs(60), base);
    expectOnlyWeights(before, serializeModel(model), ['w']);
  });

  test('a net whose inputs and outputs are float16 learns from float32 what its wide twin learns', async () => {
    const net = (dtype: 'float16' | 'float32') => {
      const g = new GraphBuilder('half');
      const tensor = half([INPUTS, CLASSES], numbers(INPUTS * CLASSES, 1));
      const wide = Tensor.of('float32', tensor.dims, tensor.toFloat32());
      const weight = g.graph.addInitializer('w', dtype === 'float16' ? tensor : wide);
      const y = g.op('MatMul', [g.input('input', dtype, ['n', INPUTS]), weight]);
      return serializeModel(g.output(y, 'y', dtype, ['n', CLASSES]).model());
    };
    const before = net('float16');
    const { model } = await train(parseModel(before), blobs(60), base);
    expectOnlyWeights(before, serializeModel(model), ['w']);
    const wide = await train(parseModel(net('float32')), blobs(60), base);
    const rounded = half([INPUTS, CLASSES], stored(wide.model, 'w').toFloat32());
    expect(stored(model, 'w').bytes()).toEqual(rounded.bytes());
  });
});

test('a weight in a Constant node', async () => {
  const tensor = Tensor.of('float32', [INPUTS, INPUTS], numbers(INPUTS * INPUTS, 1));
  const model = layers((g) => {
    const node = g.graph.add({
      op: 'Constant',
      inputs: [],
      outputs: ['w'],
      attributes: { value: attribute.tensor(tensor) },
    });
    return node.outputs[0]!;
  });
  const before = serializeModel(model);
  const result = await train(parseModel(before), blobs(60), base);
  expectOnlyWeights(before, serializeModel(result.model), ['w', 'v']);
});

/** Weights move by their gradients. */
const oneStep: TrainOptions = { ...base, epochs: undefined as never, steps: 1, learningRate: 1 };

/** `name` of a model in which it has two uses moved as far as both weights of one in which the second use has a weight of its own. */
function expectSumOfMoves(tied: Model, name: string, apart: Model, other: string, start: Float32Array): void {
  const [w, u] = [name, other].map((each) => stored(apart, each).toFloat32());
  // Gradients below 1 and weights below 2: four roundings of 2^-24 of at most 2.
  stored(tied, name)
    .toFloat32()
    .forEach((v, i) => expect(Math.abs(v - (w![i]! + u![i]! - start[i]!))).toBeLessThan(4 * 2 ** -23));
}

test('a weight of two layers gets the gradients of both', async () => {
  const weight = () => numbers(INPUTS * INPUTS, 1);
  const chain = (isTied: boolean): Model => {
    const g = new GraphBuilder('tied');
    const w = g.weight('w', [INPUTS, INPUTS], weight());
    const other = isTied ? w : g.weight('u', [INPUTS, INPUTS], weight());
    const h = g.op('Tanh', [g.op('MatMul', [g.input('input', 'float32', ['n', INPUTS]), w])]);
    const last = g.op('MatMul', [h, other]);
    return g.output(g.op('Slice', [last, g.constant([0]), g.constant([CLASSES]), g.constant([1])]), 'y').model();
  };
  const before = serializeModel(chain(true));
  const tied = await train(parseModel(before), blobs(20), oneStep);
  expectOnlyWeights(before, serializeModel(tied.model), ['w']);
  const apart = await train(chain(false), blobs(20), oneStep);
  expectSumOfMoves(tied.model, 'w', apart.model, 'u', weight());
});

test('an embedding that is also the last layer, through Transpose, gets the gradients of both', async () => {
  const [words, width] = [6, 4];
  const chain = (isTied: boolean): Model => {
    const g = new GraphBuilder('embedding');
    const table = g.weight('table', [words, width], numbers(words * width, 3));
    const other = isTied ? table : g.weight('other', [words, width], numbers(words * width, 3));
    const h = g.op('Gather', [table, g.input('input', 'int64', ['n'])]);
    const last = g.op('MatMul', [g.op('Tanh', [h]), g.op('Transpose', [other], { perm: [1, 0] })]);
    return g.output(last, 'y').model();
  };
  const codes = (shift: number) => Array.from({ length: 20 }, (_, i) => (i + shift) % words);
  const data = arrayDataset({
    input: Tensor.fromNumbers('int64', [20], codes(0)),
    labels: Tensor.fromNumbers('int64', [20], codes(1)),
  });
  const before = serializeModel(chain(true));
  const tied = await train(parseModel(before), data, oneStep);
  expectOnlyWeights(before, serializeModel(tied.model), ['table']);
  const apart = await train(chain(false), data, oneStep);
  expectSumOfMoves(tied.model, 'table', apart.model, 'other', numbers(words * width, 3));
});

test('weights beside the file stay beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-train-'));
  try {
    const wide = () => numbers(INPUTS * 64, 1);
    const g = new GraphBuilder('wide');
    const h = g.op('MatMul', [g.input('input', 'float32', ['n', INPUTS]), g.weight('w', [INPUTS, 64], wide())]);
    const model = g.output(g.op('MatMul', [h, g.weight('v', [64, CLASSES], numbers(64 * CLASSES, 2))]), 'y').model();
    const [path, output] = [join(folder, 'model.onnx'), join(folder, 'trained.onnx')];
    await saveModel(model, path, { externalData: 'always' });
    const before = await loadModel(path);
    const { model: trained } = await train(before, blobs(60), base);
    await saveModel(trained, output);
    const inside = await train(model, blobs(60), base);
    const loaded = await loadModel(output);
    for (const name of ['w', 'v']) expect(stored(loaded, name).bytes()).toEqual(stored(inside.model, name).bytes());
    expect((await loadModel(path)).graph.value('w')!.initializer!.toFloat32()).toEqual(wide());
    // Whole, it is what training of the whole file gives.
    await saveModel(loaded, join(folder, 'whole.onnx'), { externalData: 'never' });
    const whole = await loadModel(join(folder, 'whole.onnx'));
    expect([...whole.graph.nodes()].map(({ kind }) => kind)).toEqual(['MatMul', 'MatMul']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
