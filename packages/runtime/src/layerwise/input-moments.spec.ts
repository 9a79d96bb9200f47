import {
  GraphBuilder,
  type Model,
  Tensor,
  toWeightMatrix,
  type Value,
  weightsOf,
  type WeightView,
} from '@gossamer/graph';
import { dataFromArrays } from '../data/array-source.js';
import { Session } from '../session/session.js';
import { type InputMoments, inputMoments, type MomentOptions } from './input-moments.js';
import { layerwise } from './layerwise.js';
import { layersOf } from './testing/compare.js';
import type { LayerwiseOptions } from './walk-run.js';

/** In [-1, 1], without a period that sizes here divide. */
const wave = (length: number, phase = 0): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * i * 0.37 + i + phase));
const floats = (...dims: number[]) => Tensor.of('float32', dims, wave(dims.reduce((a, b) => a * b, 1)));

type Build = (g: GraphBuilder, x: Value, weight: (...dims: number[]) => Value) => Value;

/** One layer without a bias, between x and y. */
function single(rank: number, build: Build): Model {
  const g = new GraphBuilder('layer', { domains: { 'com.microsoft': 1 } });
  const x = g.input('x', 'float32', ['n', ...Array.from({ length: rank - 1 }, (_, i) => `d${i}`)]);
  const weight = (...dims: number[]) =>
    g.weight(
      'w',
      dims,
      wave(
        dims.reduce((a, b) => a * b, 1),
        1,
      ),
    );
  return g.output(build(g, x, weight), 'y').model();
}

async function momentsOf(
  model: Model,
  arrays: Readonly<Record<string, Tensor>>,
  options: LayerwiseOptions & MomentOptions = {},
): Promise<Map<WeightView, InputMoments | undefined>> {
  const found = new Map<WeightView, InputMoments | undefined>();
  for await (const step of await layerwise(model, layersOf(model), dataFromArrays(arrays), options)) {
    for (const [view, moments] of await inputMoments(step, step.views, options)) found.set(view, moments);
  }
  return found;
}

const onlyOne = async (...given: Parameters<typeof momentsOf>) => [...(await momentsOf(...given))][0]!;

/** What a layer gave: [outer, groups, rows, inner], all outer and inner positions being vectors of `rows`. */
type OutputLayout = (dims: readonly number[], groups: number, rows: number) => readonly [number, number];

const channelsSecond: OutputLayout = (dims) => [dims[0]!, dims.slice(2).reduce((a, b) => a * b, 1)];
const featuresLast: OutputLayout = (dims) => [dims.slice(0, -1).reduce((a, b) => a * b, 1), 1];
const featuresBeforeLast: OutputLayout = (dims) => [dims.slice(0, -2).reduce((a, b) => a * b, 1), dims.at(-1)!];

/** Means of y and y yᵀ of each group, from what ONNX Runtime gives. */
function outputMoments(y: Tensor, layout: OutputLayout, groups: number, rows: number) {
  const [outer, inner] = layout(y.dims, groups, rows);
  const data = y.toFloat64();
  expect(outer * groups * rows * inner).toBe(data.length);
  return Array.from({ length: groups }, (_, group) => {
    const mean = new Float64Array(rows);
    const second = new Float64Array(rows * rows);
    const at = (i: number, row: number, j: number) => data[((i * groups + group) * rows + row) * inner + j]!;
    for (let i = 0; i < outer; i++) {
      for (let j = 0; j < inner; j++) {
        for (let a = 0; a < rows; a++) {
          mean[a]! += at(i, a, j) / (outer * inner);
          for (let b = 0; b < rows; b++) second[a * rows + b]! += (at(i, a, j) * at(i, b, j)) / (outer * inner);
        }
      }
    }
    return { mean, second, count: outer * inner };
  });
}

const conv = (attributes: Record<string, number | string | readonly number[]>, ...dims: number[]): Build => {
  return (g, x, weight) => g.op('Conv', [x, weight(...dims)], attributes);
};

/** y = W x without a bias: the moments of y are W m and W M Wᵀ, for any W that has no symmetries. */
describe('moments of inputs are those that the outputs have', () => {
  const flat: OutputLayout = (dims) => [1, dims[1]!];
  test.each<[string, number[], Build, OutputLayout]>([
    ['MatMul', [3, 5, 4], (g, x, w) => g.op('MatMul', [x, w(4, 3)]), featuresLast],
    ['MatMul, weight on the left', [3, 4, 5], (g, x, w) => g.op('MatMul', [w(3, 4), x]), featuresBeforeLast],
    ['Gemm', [6, 4], (g, x, w) => g.op('Gemm', [x, w(4, 3)]), featuresLast],
    ['Gemm, transB', [6, 4], (g, x, w) => g.op('Gemm', [x, w(3, 4)], { transB: 1 }), featuresLast],
    ['Gemm, transA', [6, 4], (g, x, w) => g.op('Gemm', [x, w(6, 3)], { transA: 1 }), featuresLast],
    ['Gemm, weight on the left', [4, 6], (g, x, w) => g.op('Gemm', [w(3, 4), x]), flat],
    ['Gemm, weight on the left, transA', [4, 6], (g, x, w) => g.op('Gemm', [w(4, 3), x], { transA: 1 }), flat],
    ['Gemm, weight on the left, transB', [6, 4], (g, x, w) => g.op('Gemm', [w(3, 4), x], { transB: 1 }), flat],
    [
      'FusedMatMul, transA',
      [2, 4, 5],
      (g, x, w) => g.op('FusedMatMul', [x, w(4, 3)], { transA: 1 }, { domain: 'com.microsoft' }),
      featuresLast,
    ],
    [
      'FusedMatMul, transB',
      [2, 5, 4],
      (g, x, w) => g.op('FusedMatMul', [x, w(3, 4)], { transB: 1 }, { domain: 'com.microsoft' }),
      featuresLast,
    ],
    ['Conv, 1-D', [2, 3, 9], conv({ strides: [2], pads: [1, 2] }, 4, 3, 3), channelsSecond],
    [
      'Conv',
      [2, 3, 6, 5],
      conv({ pads: [1, 0, 2, 1], strides: [2, 1], dilations: [1, 2] }, 4, 3, 3, 2),
      channelsSecond,
    ],
    ['Conv, groups', [2, 6, 4, 5], conv({ group: 3, pads: [1, 1, 1, 1] }, 6, 2, 3, 3), channelsSecond],
    ['Conv, depthwise', [2, 4, 5, 5], conv({ group: 4 }, 8, 1, 2, 3), channelsSecond],
    [
      'Conv, 3-D',
      [1, 2, 4, 3, 5],
      conv({ pads: [1, 0, 1, 0, 1, 1], strides: [1, 2, 2] }, 3, 2, 2, 2, 3),
      channelsSecond,
    ],
    ['Conv, SAME_UPPER', [2, 2, 5, 6], conv({ auto_pad: 'SAME_UPPER', strides: [2, 2] }, 3, 2, 3, 4), channelsSecond],
    ['Conv, SAME_LOWER', [2, 2, 5, 6], conv({ auto_pad: 'SAME_LOWER', strides: [2, 2] }, 3, 2, 4, 3), channelsSecond],
    ['Conv, VALID', [2, 2, 5, 6], conv({ auto_pad: 'VALID', strides: [2, 1] }, 3, 2, 2, 3), channelsSecond],
  ])('%s', async (_, dims, build, layout) => {
    const model = single(dims.length, build);
    const x = floats(...dims);
    // Gemm with transA, or a weight on the left, has its batch along the last axis, or sums over it.
    const [view, moments] = await onlyOne(model, { x }, { batchSize: dims[0]! });
    const { groups, rows, columns, data } = toWeightMatrix(view);
    const session = await Session.open(model);
    const y = (await session.run({ x }))['y']!;
    await session.dispose();
    const expected = outputMoments(y, layout, groups, rows);
    expect(moments!.second).toHaveLength(groups);
    // Numbers lie within [-1, 1]. An output is a sum of K products: off by K * K * 2^-24 at most, a product of two by 2 * K as much; the
    // moments are off by 2^-16, K * K of which are added.
    const tolerance = 2 * columns ** 3 * 2 ** -24 + columns ** 2 * 2 ** -16;
    for (const [group, { mean, second, count }] of expected.entries()) {
      expect([moments!.count, moments!.available]).toEqual([count, count]);
      const weight = (row: number, column: number) => data[(group * rows + row) * columns + column]!;
      for (let a = 0; a < rows; a++) {
        let sum = 0;
        for (let i = 0; i < columns; i++) sum += weight(a, i) * moments!.mean[group]![i]!;
        expect(Math.abs(sum - mean[a]!)).toBeLessThan(tolerance);
        for (let b = 0; b < rows; b++) {
          let square = 0;
          for (let i = 0; i < columns; i++) {
            for (let j = 0; j < columns; j++)
              square += weight(a, i) * weight(b, j) * moments!.second[group]![i * columns + j]!;
          }
          expect(Math.abs(square - second[a * rows + b]!)).toBeLessThan(tolerance);
        }
      }
    }
  });
});

/** Mean of a bᵀ over vectors, by definition. */
function meanOfProducts(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[] {
  const columns = a[0]!.length;
  const out = new Array<number>(columns * columns).fill(0);
  for (const [at, x] of a.entries()) {
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < columns; j++) out[i * columns + j]! += (x[i]! * b[at]![j]!) / a.length;
  }
  return out;
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found).toHaveLength(expected.length);
  // Means of products of numbers within [-1, 1]: each side is off by 2^-16 at most.
  for (let i = 0; i < found.length; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(2 ** -15);
}

const chunks = (data: ArrayLike<number>, size: number): number[][] =>
  Array.from({ length: data.length / size }, (_, i) => Array.from({ length: size }, (__, j) => data[i * size + j]!));

describe('moments by definition', () => {
  test('of a batch of matrices, with and without an axis that broadcasts', async () => {
    for (const own of [2, 1]) {
      const model = single(4, (g, x, w) => g.op('MatMul', [x, w(2, 4, 3)]));
      const x = floats(3, own, 5, 4);
      const [, moments] = await onlyOne(model, { x }, { batchSize: 2 });
      const vectors = chunks(x.toFloat32(), 4);
      for (const group of [0, 1]) {
        const seen = own === 1 ? vectors : vectors.filter((_, i) => Math.floor(i / 5) % 2 === group);
        expectClose(moments!.second[group]!, meanOfProducts(seen, seen));
        expect(moments!.count).toBe(seen.length);
      }
    }
  });

  test('of ConvTranspose: the channels of a group at each input position', async () => {
    const model = single(4, (g, x, w) => g.op('ConvTranspose', [x, w(6, 2, 3, 3)], { group: 2, strides: [2, 2] }));
    const x = floats(3, 6, 4, 5);
    const [view, moments] = await onlyOne(model, { x });
    expect(toWeightMatrix(view)).toMatchObject({ groups: 2, columns: 3 });
    const data = x.toFloat32();
    for (const group of [0, 1]) {
      const vectors: number[][] = [];
      for (let n = 0; n < 3; n++) {
        for (let at = 0; at < 20; at++) vectors.push([0, 1, 2].map((c) => data[(n * 6 + group * 3 + c) * 20 + at]!));
      }
      expectClose(moments!.second[group]!, meanOfProducts(vectors, vectors));
    }
  });

  test.each([0, 1])(
    'of W of a recurrent layer: both directions alike, steps behind the end left out (lengths: %i)',
    async (given) => {
      const g = new GraphBuilder('recurrent');
      const x = g.input('x', 'float32', ['n', 6, 4]);
      const lengths = g.input('lengths', 'int32', ['n']);
      const w = g.weight('w', [2, 12, 4], wave(96));
      const r = g.weight('r', [2, 12, 3], wave(72));
      const turned = g.op('Transpose', [x], { perm: [1, 0, 2] });
      const used = given ? lengths : g.op('Identity', [lengths]);
      const inputs = [turned, w, r, undefined, ...(given ? [used] : [])];
      const y = g.op('LSTM', inputs, { hidden_size: 3, direction: 'bidirectional' });
      const model = g
        .output(given ? y : g.op('Add', [y, g.op('Cast', [g.op('ReduceMax', [used])], { to: 1 })]), 'y')
        .model();
      const sizes = [6, 2, 4];
      const arrays = { x: floats(3, 6, 4), lengths: Tensor.fromNumbers('int32', [3], sizes) };
      const found = [...(await momentsOf(model, arrays, { batchSize: 2 }))];
      expect(found.map(([{ role }, moments]) => [role, moments === undefined])).toEqual([
        ['weight', false],
        ['recurrent', false],
      ]);
      const { second, count } = found[0]![1]!;
      const vectors = chunks(arrays.x.toFloat32(), 4).filter(
        (_, i) => given === 0 || i % 6 < sizes[Math.floor(i / 6)]!,
      );
      expect([second.length, count]).toEqual([2, vectors.length]);
      for (const direction of second) expectClose(direction, meanOfProducts(vectors, vectors));
    },
  );

  test('across streams: float rows, quantized columns; equal where nothing before has changed', async () => {
    const g = new GraphBuilder('two');
    const x = g.input('x', 'float32', ['n', 4]);
    const h = g.op('Tanh', [g.op('MatMul', [x, g.weight('a', [4, 4], wave(16))])]);
    const model = g.output(g.op('MatMul', [h, g.weight('b', [4, 4], wave(16, 2))]), 'y').model();
    const data = dataFromArrays({ x: floats(9, 4) });
    for await (const step of await layerwise(model, layersOf(model), data, { streams: 'both', batchSize: 4 })) {
      const [view] = step.views;
      const { second, mean, meanAbs, cross, floatMean } = (await inputMoments(step, [view!], { cross: true })).get(
        view!,
      )!;
      const [quantized, float]: number[][][] = [[], []];
      for await (const batch of step.batches()) {
        quantized!.push(...chunks(batch.quantized[step.inputs[0]!]!.toFloat32(), 4));
        float!.push(...chunks(batch.float![step.inputs[0]!]!.toFloat32(), 4));
      }
      expectClose(second[0]!, meanOfProducts(quantized!, quantized!));
      expectClose(cross![0]!, meanOfProducts(float!, quantized!));
      const ones = float!.map(() => [1, 1, 1, 1]);
      expectClose(floatMean![0]!, meanOfProducts(ones, float!).slice(0, 4));
      expectClose(mean[0]!, meanOfProducts(ones, quantized!).slice(0, 4));
      const sizes = quantized!.map((x) => x.map((value) => (value < 0 ? -value : value)));
      expectClose(meanAbs[0]!, meanOfProducts(ones, sizes).slice(0, 4));
      if (step.index === 0) {
        expect([cross, floatMean]).toEqual([second, mean]);
        step.setWeight(view!, wave(16, 9));
      } else expect([...cross![0]!]).not.toEqual([...second[0]!]);
    }
    for await (const step of await layerwise(model, layersOf(model), data)) {
      await expect(inputMoments(step, step.views, { cross: true })).rejects.toMatchObject({ code: 'ERR_OPTION' });
    }
  });
});

describe('which vectors count', () => {
  const net = () => single(4, conv({ pads: [1, 1, 1, 1] }, 4, 2, 3, 3));

  test('some positions of a convolution, the same whatever the batches', async () => {
    const arrays = { x: floats(10, 2, 12, 12) };
    const found: InputMoments[] = [];
    for (const batchSize of [1, 4, 10]) found.push((await onlyOne(net(), arrays, { batchSize, positions: 100 }))[1]!);
    expect(found.map(({ count, available }) => [count, available])).toEqual(new Array(3).fill([100, 1440]));
    for (const { second } of found) expectClose(second[0]!, found[0]!.second[0]!);
    const [, other] = await onlyOne(net(), arrays, { positions: 100, seed: 1 });
    expect([...other!.second[0]!]).not.toEqual([...found[0]!.second[0]!]);
    const [, all] = await onlyOne(net(), arrays);
    expect(all!.count).toBe(1440);
  });

  test('not what fills a fixed batch up', async () => {
    const fixed = net();
    const [input] = fixed.graph.inputs;
    fixed.graph.setType(input!, { kind: 'tensor', dtype: 'float32', shape: [4, 2, 5, 5] });
    const arrays = { x: floats(5, 2, 5, 5) };
    const [, expected] = await onlyOne(net(), arrays);
    const [, found] = await onlyOne(fixed, arrays);
    expect(found!.count).toBe(125);
    expectClose(found!.second[0]!, expected!.second[0]!);
  });

  test('no rows of an embedding; layers that read one value share their moments', async () => {
    const g = new GraphBuilder('lookup');
    const ids = g.input('ids', 'int64', ['n', 3]);
    const e = g.op('Gather', [g.weight('table', [7, 4], wave(28)), ids]);
    const [q, k] = ['q', 'k'].map((name, i) => g.op('MatMul', [e, g.weight(name, [4, 4], wave(16, i))]));
    const model = g.output(g.op('Add', [q!, k!]), 'y').model();
    const found = await momentsOf(model, { ids: Tensor.fromNumbers('int64', [2, 3], [0, 1, 2, 3, 4, 5]) });
    const [embedding, first, second] = [...found.values()];
    expect(embedding).toBeUndefined();
    expect(first!.count).toBe(6);
    expect(second!.second[0]).toEqual(first!.second[0]);
    const views = layersOf(model).flatMap(weightsOf);
    expect(views.map(({ role }) => role)).toEqual(['embedding', 'weight', 'weight']);
  });
});
