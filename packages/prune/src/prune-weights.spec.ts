import { join } from 'node:path';
import { GraphBuilder, type Model, Tensor, toWeightMatrix, weightViews } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { dataFromArrays, Session } from '@gossamer/runtime';
import { pruneWeights } from './prune-weights.js';
import type { PruneWeightsOptions } from './prune-weights-options.js';

const fixture = (name: string) => loadModel(join(import.meta.dirname, '../../../fixtures/models', `${name}.onnx`));
const wave = (length: number, phase: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(1.7 * i + phase) / (1 + (i % 5)));

function net(): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const x = g.input('x', 'float32', ['n', 48]);
  const shared = g.weight('shared', [48, 48], wave(2304, 1));
  const a = g.op('Relu', [g.op('MatMul', [x, shared], {}, { name: 'a' })]);
  const b = g.op('Relu', [g.op('MatMul', [a, shared], {}, { name: 'b' })]);
  return g
    .output(g.op('MatMul', [b, g.weight('w', [48, 20], wave(960, 2))], {}, { name: 'head' }), 'y', 'float32', ['n', 20])
    .model();
}

const data = dataFromArrays({ x: Tensor.of('float32', [32, 48], wave(32 * 48, 3)) });
const zerosOf = (values: Float32Array): number => values.filter((value) => value === 0).length;
const valuesOf = (model: Model, name: string): Float32Array => model.graph.value(name)!.initializer!.toFloat32();

test.each(['lenet-5', 'resnet20-mnist'])(
  '%s: exactly as many are 0 as were asked for, the smallest; the others keep their bits; ONNX Runtime runs it',
  async (name) => {
    const model = await fixture(name);
    const before = Buffer.from(serializeModel(model));
    const { model: pruned, report, masks } = await pruneWeights(model, { sparsity: 0.8 });
    expect(Buffer.from(serializeModel(model)).equals(before)).toBe(true);
    const total = report.weights.reduce((sum, { elements }) => sum + elements, 0);
    expect(report.weights.reduce((sum, { zeros }) => sum + zeros, 0)).toBe(Math.floor(0.8 * total));
    const [old, own] = [weightViews(model), weightViews(pruned)].map((views) => views.map((view) => view.toFloat32()));
    let [largestGone, leastKept] = [0, Infinity];
    own!.forEach((values, i) =>
      values.forEach((value, at) => {
        if (value !== 0 && value !== old![i]![at]) throw new Error('a weight changed');
        const size = Math.abs(old![i]![at]!);
        if (value === 0) largestGone = Math.max(largestGone, size);
        else leastKept = Math.min(leastKept, size);
      }),
    );
    expect(largestGone).toBeLessThanOrEqual(leastKept);
    expect([...masks.values()].reduce((sum, mask) => sum + zerosOf(Float32Array.from(mask)), 0)).toBe(
      Math.floor(0.8 * total),
    );
    const session = await Session.open(pruned, { engine: 'ort' });
    const [port] = session.inputs;
    const outputs = await session.run({ [port!.name]: Tensor.of('float32', [1, 1, 28, 28], wave(784, 1)) });
    expect(Object.values(outputs)[0]!.toFloat32().every(Number.isFinite)).toBe(true);
    await session.dispose();
  },
);

test('a weight that layers share is pruned once; what may not be touched stays', async () => {
  const { model, report } = await pruneWeights(net(), { sparsity: 0.5, allocation: 'uniform', exclude: ['head'] });
  expect(report.weights).toEqual([{ layers: ['a', 'b'], op: 'MatMul', elements: 2304, zeros: 1152 }]);
  expect(report.left).toEqual([{ name: 'head', op: 'MatMul', reason: 'excluded by "head"' }]);
  expect([zerosOf(valuesOf(model, 'shared')), valuesOf(model, 'w')]).toEqual([1152, valuesOf(net(), 'w')]);
  const { report: apart } = await pruneWeights(net(), { sparsity: 0.5, exclude: ['b', 'nothing*'] });
  expect(apart.left.map(({ name }) => name)).toEqual(['b', 'a']);
  expect(apart.warnings).toEqual(['exclude "nothing*": expected a layer id, operator or glob, no layer matches']);
});

test.each<[string, number, (kept: number[], columns: number) => boolean]>([
  ['2:4', 0.5, (kept) => kept.every((count) => count === 2)],
  ['12:64', 1 - 12 / 64, (kept) => kept[0] === 12 || kept[0] === 9],
])('pattern %s along what a layer sums over', async (pattern, sparsity, isRight) => {
  const { model, report } = await pruneWeights(net(), { pattern });
  expect(report.sparsity).toBeCloseTo(sparsity, 2);
  const group = Number(pattern.split(':')[1]);
  for (const view of weightViews(model)) {
    const { rows, columns, data: values } = toWeightMatrix(view);
    for (let row = 0; row < rows; row++) {
      const kept: number[] = [];
      for (let first = 0; first < columns; first += group) {
        const end = Math.min(first + group, columns);
        kept.push(end - first - zerosOf(values.slice(row * columns + first, row * columns + end)));
      }
      expect(isRight(kept, columns)).toBe(true);
    }
  }
});

test('capped: no more than so many of each group, and the count that was asked for; blocks: whole ones', async () => {
  const capped = await pruneWeights(net(), { pattern: 'max4:16', sparsity: 0.8 });
  const total = 2304 + 960;
  expect(capped.report.weights.reduce((sum, { zeros }) => sum + zeros, 0)).toBe(Math.floor(0.8 * total));
  for (const view of weightViews(capped.model)) {
    const { columns, data: values } = toWeightMatrix(view);
    for (let first = 0; first < values.length; first += 16) {
      expect(columns % 16).toBe(0);
      expect(16 - zerosOf(values.slice(first, first + 16))).toBeLessThanOrEqual(4);
    }
  }
  const { model, report } = await pruneWeights(net(), { pattern: 'block:4x2', sparsity: 0.5 });
  const zeros = report.weights.reduce((sum, own) => sum + own.zeros, 0);
  expect(zeros).toBeGreaterThanOrEqual(Math.floor(0.5 * total));
  expect(zeros).toBeLessThan(Math.floor(0.5 * total) + 8);
  for (const view of weightViews(model)) {
    const { rows, columns, data: values } = toWeightMatrix(view);
    for (let row = 0; row < rows; row += 4) {
      for (let j = 0; j < columns; j += 2) {
        const block = [0, 1, 2, 3].flatMap((down) =>
          [0, 1].map((right) => values[(row + down) * columns + j + right]!),
        );
        expect([0, 8]).toContain(block.filter((value) => value === 0).length);
      }
    }
  }
});

test('lamp empties no layer; its scores are the formula', async () => {
  const { lamp } = await import('./criteria/lamp.js');
  const data32 = Float32Array.from([3, -1, 2, 0, 2]);
  const scores = await lamp.score({ data: data32, rows: 1, columns: 5 });
  expect([...scores].map((score) => +score.toFixed(6))).toEqual([
    1,
    +(1 / 18).toFixed(6),
    +(4 / 17).toFixed(6),
    0,
    +(4 / 17).toFixed(6),
  ]);
  const { report } = await pruneWeights(net(), { sparsity: 0.99, criterion: 'lamp' });
  for (const { elements, zeros } of report.weights) expect(zeros).toBeLessThan(elements);
});

test('wanda: |w| times the norm of the input, within layers; unreached layers are left', async () => {
  const { model } = await pruneWeights(net(), {
    ...{ sparsity: 0.5, criterion: 'wanda', allocation: 'uniform' },
    ...{ data, include: ['a', 'b'] },
  });
  const x = wave(32 * 48, 3);
  const norms = Float64Array.from({ length: 48 }, (_, j) =>
    Math.sqrt(Array.from({ length: 32 }, (_, i) => x[i * 48 + j]! ** 2).reduce((a, b) => a + b) / 32),
  );
  const [before, after] = [valuesOf(net(), 'shared'), valuesOf(model, 'shared')];
  const score = (i: number) => Math.abs(before[i]!) * norms[Math.floor(i / 48)]!;
  const places = [...before.keys()];
  const gone = Math.max(...places.filter((i) => after[i] === 0).map(score));
  const kept = Math.min(...places.filter((i) => after[i] !== 0).map(score));
  expect(gone).toBeLessThanOrEqual(kept * (1 + 1e-6));
});

test.each<[PruneWeightsOptions, string]>([
  [{}, 'sparsity: expected a share of the weights, received none'],
  [{ sparsity: 0 }, 'sparsity: expected a number above 0'],
  [{ sparsity: 0.5, pattern: '2:4' }, 'sparsity: expected none with pattern 2:4, received 0.5'],
  [{ sparsity: 0.5, pattern: '4:2' }, 'pattern: expected unstructured'],
  [
    { sparsity: 0.5, criterion: 'size' },
    'criterion: expected magnitude, lamp, threshold, taylor, snip, grasp, fisher, woodfisher, wanda, obs, received size',
  ],
  [{ sparsity: 0.5, criterion: 'wanda' }, 'data: expected samples for criterion wanda, received none'],
  [
    { sparsity: 0.5, criterion: 'wanda', data, allocation: 'global' },
    "allocation: expected 'uniform', 'row', 'erk' or 'sensitivity' with wanda",
  ],
])('%o is refused', async (options, text) => {
  await expect(pruneWeights(net(), options)).rejects.toMatchObject({ message: expect.stringContaining(text) });
});
