import { checkGraph, type GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { factorize } from './factorize.js';
import { opsOf, relativeError, runOrt } from './testing/ort.js';
import { floats, lowRankMatrix, network, randomNumbers } from './testing/random-network.js';

/** Outputs of rank-4 weights in float32, cut to rank 4: off by the rounding of the factors and of three sums of up to 40 products. */
const SAME = 40 * 2 ** -22;

const weight = (g: GraphBuilder, rows: number, columns: number, rank: number) =>
  g.weight('w', [rows, columns], Float32Array.from(lowRankMatrix(rows, columns, rank, 3)));

type Build = (g: GraphBuilder, x: Value) => Value;

async function sameAfter(model: Model, x: Tensor, ops: string[]) {
  const before = serializeModel(model);
  const result = await factorize(model, { rank: 4 });
  checkGraph(result.model.graph);
  expect(opsOf(result.model)).toEqual(ops);
  const [expected, actual] = [await runOrt(model, { x }), await runOrt(result.model, { x })];
  expect(relativeError(expected['y']!, actual['y']!)).toBeLessThan(SAME);
  expect(serializeModel(model)).toEqual(before);
  return result;
}

test.each<[string, number[], string[], Build]>([
  ['MatMul', [2, 5, 24], ['MatMul', 'MatMul'], (g, x) => g.op('MatMul', [x, weight(g, 24, 40, 4)])],
  ['MatMul of a vector', [24], ['MatMul', 'MatMul'], (g, x) => g.op('MatMul', [x, weight(g, 24, 40, 4)])],
  ['MatMul, weight on the left', [24, 5], ['MatMul', 'MatMul'], (g, x) => g.op('MatMul', [weight(g, 40, 24, 4), x])],
  ['Gemm', [5, 24], ['MatMul', 'Gemm'], (g, x) => g.op('Gemm', [x, weight(g, 24, 40, 4)])],
  [
    'Gemm with all it can have',
    [24, 5],
    ['Gemm', 'Gemm'],
    (g, x) =>
      g.op('Gemm', [x, weight(g, 40, 24, 4), g.weight('b', [40], Float32Array.from(randomNumbers(40, 9)))], {
        ...{ transA: 1, transB: 1, alpha: { type: 'float', value: 0.5 }, beta: { type: 'float', value: 2 } },
      }),
  ],
  [
    'MatMul behind a Transpose',
    [5, 24],
    ['MatMul', 'MatMul'],
    (g, x) => g.op('MatMul', [x, g.op('Transpose', [weight(g, 40, 24, 4)], { perm: [1, 0] })]),
  ],
  [
    'MatMul of a Constant node',
    [5, 24],
    ['MatMul', 'MatMul'],
    (g, x) => {
      const value = Tensor.of('float32', [24, 40], Float32Array.from(lowRankMatrix(24, 40, 4, 3)));
      return g.op('MatMul', [x, g.op('Constant', [], { value })]);
    },
  ],
])('%s of rank 4 is the same with rank 4, in ONNX Runtime', async (_, dims, ops, build) => {
  const { report } = await sameAfter(network(dims, build), floats(dims, 5), ops);
  const [layer] = report.layers;
  const positions = dims.reduce((a, b) => a * b, 1) / 24;
  expect(layer).toMatchObject({
    ...{ action: 'factorized', ranks: [4] },
    bytes: { before: 24 * 40 * 4, after: 4 * 64 * 4 },
    macs: { before: positions * 24 * 40, after: positions * 4 * 64 },
  });
  expect(layer!.weightError).toBeLessThan(1e-6);
});

test('names of the node, its result and its bias stay', async () => {
  const model = network([5, 24], (g, x) => {
    const bias = g.weight('b', [40], new Float32Array(40).fill(1));
    return g.op('Gemm', [x, weight(g, 24, 40, 4), bias], {}, { name: 'layer' });
  });
  const { model: small } = await factorize(model, { rank: 4 });
  const [first, last] = [...small.graph.nodes()];
  expect(last).toMatchObject({ op: 'Gemm', name: 'layer' });
  expect([last!.output.name, last!.input(2)!.name, first!.name]).toEqual(['y', 'b', 'layer_factor_0']);
  expect(Array.from(small.graph.initializers(), ({ name }) => name).sort()).toEqual(['b', 'w_factor_0', 'w_factor_1']);
});

test('a weight that layers share is factored once; one that something else reads stays', async () => {
  const shared = network([5, 32], (g, x) => {
    const w = weight(g, 32, 32, 4);
    return g.op('MatMul', [g.op('MatMul', [x, w]), w]);
  });
  const { model, report } = await sameAfter(shared, floats([5, 32], 1), ['MatMul', 'MatMul', 'MatMul', 'MatMul']);
  expect([...model.graph.initializers()]).toHaveLength(2);
  expect(report.bytes).toMatchObject({ before: 4096, after: 4 * 64 * 4 });

  const read = network([32, 32], (g, x) => {
    const w = weight(g, 32, 32, 4);
    return g.op('Add', [g.op('MatMul', [x, w]), w]);
  });
  const { layers } = (await factorize(read, { rank: 4 })).report;
  expect(layers).toMatchObject([
    { action: 'left', reason: expect.stringContaining('read by more than layers') as string },
  ]);
});

test('what is left has its reason, and its bytes', async () => {
  const given = network([5, 24], (g, x) => {
    const nan = g.weight('nan', [24, 24], new Float32Array(24 * 24).fill(NaN));
    const zero = g.weight('zero', [24, 24], new Float32Array(24 * 24));
    const stack = g.weight('stack', [2, 24, 24], new Float32Array(2 * 24 * 24));
    const codes = g.graph.addInitializer('codes', Tensor.of('int8', [24, 24], new Int8Array(24 * 24)));
    const scale = g.weight('scale', [], Float32Array.of(1));
    let h = g.op('MatMul', [x, nan], {}, { name: 'nan' });
    h = g.op('MatMul', [h, zero], {}, { name: 'zero' });
    h = g.op('MatMul', [h, g.op('DequantizeLinear', [codes, scale])], {}, { name: 'codes' });
    h = g.op('MatMul', [h, weight(g, 24, 2, 1)], {}, { name: 'narrow' });
    h = g.op('MatMul', [h, g.weight('v', [2, 24], new Float32Array(48).fill(1))], {}, { name: 'out' });
    return g.op('MatMul', [h, stack], {}, { name: 'stack' });
  });
  const { model, report } = await factorize(given, { rank: 4, exclude: ['o?t', 'nothing*'] });
  expect(Object.fromEntries(report.layers.map(({ name, reason }) => [name, reason]))).toEqual({
    nan: 'its weight has elements that are not finite',
    zero: 'its weight is all zeros',
    codes: 'its weight is quantized already',
    narrow: 'no rank that is allowed has fewer bytes and fewer multiply-accumulates',
    out: 'excluded by "o?t"',
    stack: 'its weight is a stack of shape [2, 24, 24]',
  });
  expect(report.warnings).toEqual([expect.stringContaining('"nothing*"')]);
  expect(report.bytes).toMatchObject({ ratio: 1 });
  expect(serializeModel(model)).toEqual(serializeModel(given));
});

test('float16 stays float16', async () => {
  const model = network([5, 24], (g, x) => {
    const w = g.graph.addInitializer('w', Tensor.fromNumbers('float16', [24, 40], lowRankMatrix(24, 40, 4, 3)));
    const half = g.op('Cast', [x], { to: 10 });
    return g.op('Cast', [g.op('MatMul', [half, w])], { to: 1 });
  });
  const result = await factorize(model, { rank: 4 });
  expect(Array.from(result.model.graph.initializers(), ({ initializer }) => initializer!.dtype)).toEqual([
    'float16',
    'float16',
  ]);
  const x = floats([5, 24], 2);
  const [expected, actual] = [await runOrt(model, { x }), await runOrt(result.model, { x })];
  // Weights, inner values and both factors are rounded to 11 bits: some roundings of each of the 24 and 4 products.
  expect(relativeError(expected['y']!, actual['y']!)).toBeLessThan(8 * 2 ** -11);
  expect(result.report.layers[0]!.bytes).toEqual({ before: 24 * 40 * 2, after: 4 * 64 * 2 });
});

test('the same inputs and seed give the same bytes', async () => {
  const model = network([5, 48], (g, x) =>
    g.op('MatMul', [x, g.weight('w', [48, 64], Float32Array.from(randomNumbers(48 * 64, 7)))]),
  );
  const bytes = await Promise.all(
    [0, 1].map(async () => serializeModel((await factorize(model, { energy: 0.5 })).model)),
  );
  expect(bytes[0]).toEqual(bytes[1]);
});

test('sparse plus low rank: a rank that is asked for and saves nothing leaves the layer, it is not made smaller', async () => {
  const model = network(['n', 48], (g, x) =>
    g.op('MatMul', [x, g.weight('w', [48, 64], floats([48, 64], 3).toFloat32())]),
  );
  const { report } = await factorize(model, { method: 'sparse-low-rank', rank: 40 });
  expect(report.layers[0]).toMatchObject({
    action: 'left',
    reason: expect.stringMatching(/^no rank that is allowed/) as string,
  });
});
