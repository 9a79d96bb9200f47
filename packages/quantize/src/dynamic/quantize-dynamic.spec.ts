import { attribute, checkGraph, Graph, GraphBuilder, Model, Tensor, tensorType } from '@gossamer/graph';
import { quantize } from '../quantize.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { countOps, optimizedOps, runOrt, sqnr } from '../testing/ort.js';

/** One layer of 8-bit weights and 8-bit activations. */
const LEAST_SQNR = 30;

async function quantized(model: Model, options = {}) {
  const before = countOps(model);
  const result = await quantize(model, { mode: 'dynamic', optimize: false, ...options });
  expect(countOps(model)).toEqual(before);
  checkGraph(result.model.graph);
  return result;
}

test('products that share an input quantize it once and fuse into integer kernels', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 12, 64]);
  const q = g.op('MatMul', [x, g.weight('q', [64, 64], noise(4096))], {}, { name: 'q' });
  const k = g.op('MatMul', [x, g.weight('k', [64, 64], noise(4096, 2))], {}, { name: 'k' });
  const sum = g.op('Tanh', [g.op('Sub', [q, k])]);
  const y = g.op('Add', [
    g.op('MatMul', [sum, g.weight('o', [64, 96], noise(64 * 96, 3))], {}, { name: 'o' }),
    g.weight('b', [96], noise(96)),
  ]);
  const model = g.output(y, 'y').model();
  const { model: result, report } = await quantized(model);
  expect(await optimizedOps(result)).toMatchObject({
    DynamicQuantizeLinear: 1,
    MatMulIntegerToFloat: 2,
    DynamicQuantizeMatMul: 1,
  });
  const feeds = { x: noiseTensor([2, 12, 64], 5) };
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result, feeds)];
  expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(20);
  expect(report.layers.map(({ name, action }) => [name, action])).toEqual([
    ['q', 'quantized'],
    ['k', 'quantized'],
    ['o', 'quantized'],
  ]);
  expect(report.bytes.ratio).toBeGreaterThan(3.5);
});

test.each([
  [{ transB: 1 }, [96, 64]],
  [{ transB: 0, alpha: 0.5, beta: 2 }, [64, 96]],
  [{ transA: 1, transB: 1, beta: 0.5 }, [96, 64]],
])('Gemm %o keeps its meaning', async (attributes, dims) => {
  const g = new GraphBuilder('g');
  const isTransposed = 'transA' in attributes;
  const x = g.input('x', 'float32', isTransposed ? [64, 'n'] : ['n', 64]);
  const inputs = [x, g.weight('w', dims, noise(96 * 64)), g.weight('b', [96], noise(96, 2))];
  const floats = Object.fromEntries(
    Object.entries(attributes).map(([k, v]) => [k, k.startsWith('trans') ? v : attribute.float(v)]),
  );
  const y = g.op('Gemm', inputs, floats, { name: 'fc' });
  const model = g.output(y, 'y').model();
  const { model: result } = await quantized(model);
  const feeds = { x: noiseTensor(isTransposed ? [64, 5] : [5, 64], 3) };
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result, feeds)];
  expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(LEAST_SQNR);
  expect(await optimizedOps(result)).toMatchObject({ DynamicQuantizeMatMul: 1 });
});

test('convolutions compute in float from 8-bit weights that ONNX Runtime expands when it opens the model', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 8, 16, 16]);
  const a = g.op('Conv', [x, g.weight('w', [16, 8, 3, 3], noise(1152))], { pads: [1, 1, 1, 1] }, { name: 'conv' });
  const up = g.op('ConvTranspose', [a, g.weight('u', [16, 8, 2, 2], noise(512))], { strides: [2, 2] }, { name: 'up' });
  const model = g.output(up, 'y').model();
  const { model: result, report } = await quantized(model);
  expect(report.layers.map(({ action }) => action)).toEqual(['weight-only', 'weight-only']);
  expect(report.layers[0]!.reason).toMatch(/slower than float/);
  const ops = await optimizedOps(result);
  expect(ops).not.toHaveProperty('Cast');
  expect(ops).not.toHaveProperty('Mul');
  const feeds = { x: noiseTensor([1, 8, 16, 16], 3) };
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result, feeds)];
  expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(LEAST_SQNR);
  const float = await quantized(model, { storage: 'float' });
  expect(float.report.layers.map(({ action }) => action)).toEqual(['left-float', 'left-float']);
  expect(float.report.bytes.ratio).toBe(1);
});

/** Largest magnitude of the int8 codes of a model. */
function largestCode(model: Model): number {
  const codes = [...model.graph.initializers()].filter(({ initializer }) => initializer?.dtype === 'int8');
  return Math.max(...codes.flatMap(({ initializer }) => Array.from(initializer!.toFloat32(), Math.abs)));
}

test.each(['forward', 'bidirectional'])('a %s LSTM becomes DynamicQuantizeLSTM', async (direction) => {
  const directions = direction === 'forward' ? 1 : 2;
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [6, 2, 24]);
  const hidden = 32;
  const inputs = [
    x,
    g.weight(
      'w',
      [directions, 4 * hidden, 24],
      noise(directions * 4 * hidden * 24).map((v) => v * 0.3),
    ),
    g.weight(
      'r',
      [directions, 4 * hidden, hidden],
      noise(directions * 4 * hidden * hidden, 2).map((v) => v * 0.3),
    ),
    g.weight(
      'b',
      [directions, 8 * hidden],
      noise(directions * 8 * hidden, 3).map((v) => v * 0.1),
    ),
  ];
  const [y, h] = g.ops('LSTM', inputs, { hidden_size: hidden, direction }, { name: 'lstm', outputs: 2 });
  const model = g.output(y!, 'y').output(h!, 'h').model();
  const { model: result } = await quantized(model);
  const { model: reduced } = await quantized(model, { reduceRange: true });
  expect(await optimizedOps(result)).toEqual({ DynamicQuantizeLSTM: 1 });
  expect([largestCode(result), largestCode(reduced)]).toEqual([127, 64]);
  const feeds = { x: noiseTensor([6, 2, 24], 5) };
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result, feeds)];
  expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(20);
});

test('embeddings are gathered as codes and scales, each row with its own', async () => {
  const g = new GraphBuilder('g');
  const ids = g.input('ids', 'int64', ['n']);
  const table = noise(50 * 32).map((v, i) => v * (1 + Math.floor(i / 32)));
  const y = g.op('Gather', [g.weight('table', [50, 32], table), ids], {}, { name: 'embed' });
  const model = g.output(y, 'y').model();
  const { model: result } = await quantized(model);
  expect(countOps(result)).toEqual({ Gather: 2, Cast: 1, Mul: 1 });
  const feeds = { ids: Tensor.fromNumbers('int64', [3], [0, 49, 7]) };
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result, feeds)];
  expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(LEAST_SQNR);
});

test.each(['Gemm', 'MatMul'])('a table that %s multiplies by as well stays one tensor', async (op) => {
  const g = new GraphBuilder('g');
  const ids = g.input('ids', 'int64', ['n']);
  const table = g.weight('table', [80, 64], noise(5120));
  const h = g.op('Gather', [table, ids], {}, { name: 'embed' });
  const logits =
    op === 'Gemm'
      ? g.op('Gemm', [h, table], { transB: 1 }, { name: 'head' })
      : g.op('MatMul', [h, g.op('Transpose', [table], { perm: [1, 0] })], {}, { name: 'head' });
  const model = g.output(logits, 'y').model();
  const feeds = { ids: Tensor.fromNumbers('int64', [3], [0, 39, 7]) };
  const { model: result, report } = await quantized(model);
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result, feeds)];
  expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(LEAST_SQNR);
  expect(await optimizedOps(result)).toMatchObject({ Gather: 2, DynamicQuantizeMatMul: 1 });
  // One byte a weight, a float scale and a zero point a row, one shape.
  expect(report.bytes.after).toBe(5120 + 80 * 5 + 8);
});

test('weights in If bodies, in Constant nodes too, are quantized where they are', async () => {
  const main = new Graph('main');
  const x = main.addInput('x', tensorType('float32', [4, 64]));
  const flag = main.addInput('flag', tensorType('bool', []));
  const shared = main.addInitializer('shared', Tensor.of('float32', [64, 32], noise(2048)));
  const choose = main.add({ op: 'If', name: 'choose', inputs: [flag], outputs: ['y'] });
  for (const [seed, name] of ['then_branch', 'else_branch'].entries()) {
    const body = new Graph(name, { node: choose, attribute: name, index: 0 });
    const data = Tensor.of('float32', [32, 16], noise(512, 3 + seed));
    const w = body.add({ op: 'Constant', inputs: [], outputs: ['w'], attributes: { value: attribute.tensor(data) } });
    const a = body.add({ op: 'MatMul', name: 'a', inputs: [x, shared], outputs: ['a'] });
    body.addOutput(body.add({ op: 'MatMul', name: 'b', inputs: [a.output, w.output], outputs: ['out'] }).output);
    main.setAttribute(choose, name, attribute.graph(body));
  }
  main.addOutput(choose.output);
  const model = new Model({ irVersion: 8, opsets: new Map([['', 17]]), graph: main });
  const { model: result, report } = await quantized(model);
  expect(report.layers.map(({ name }) => name)).toEqual([
    'choose/then_branch/a',
    'choose/then_branch/b',
    'choose/else_branch/a',
    'choose/else_branch/b',
  ]);
  expect(await optimizedOps(result)).toMatchObject({ DynamicQuantizeMatMul: 4 });
  // The weight that both branches read is stored once, in the scope it came from.
  expect([...result.graph.initializers()].map(({ name }) => name)).toEqual([
    'shared_quantized',
    'shared_scale',
    'shared_zero_point',
  ]);
  for (const value of [0, 1]) {
    const feeds = { x: noiseTensor([4, 64], 5), flag: Tensor.fromNumbers('bool', [], [value]) };
    const [reference, actual] = [await runOrt(model, feeds), await runOrt(result, feeds)];
    expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(LEAST_SQNR);
  }
});

test('a layer left alone says why', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 64, 64]);
  const a = g.op('MatMul', [x, x], {}, { name: 'scores' });
  const b = g.op('MatMul', [a, g.weight('w', [64, 64], noise(4096))], {}, { name: 'kept' });
  const c = g.op('MatMul', [b, g.weight('v', [64, 2], noise(128))], {}, { name: 'small' });
  const model = g.output(c, 'y').model();
  const { report } = await quantized(model, { exclude: ['kep?', 'nothing*'] });
  expect(report.layers.map(({ name, action, reason }) => [name, action, reason])).toEqual([
    ['scores', 'left-float', 'it multiplies activations: no constant weight'],
    ['kept', 'left-float', 'excluded by "kep?"'],
    ['small', 'left-float', expect.stringMatching(/too small/)],
  ]);
  expect(report.warnings).toEqual([expect.stringMatching(/nothing\*.*no layer matches/)]);
});

test('a weight stored as float16 that is cast to float32 is quantized; one that computes in float64 is not', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 64]);
  const half = g.constant([...noise(4096)], 'float16', [64, 64]);
  const a = g.op('MatMul', [x, g.op('Cast', [half], { to: 1 })], {}, { name: 'cast' });
  const wide = g.op('Cast', [half], { to: 11 });
  const b = g.op('MatMul', [g.op('Cast', [a], { to: 11 }), wide], {}, { name: 'double' });
  const { report } = await quantized(g.output(b, 'y').model());
  expect(report.layers.map(({ name, action, reason }) => [name, action, reason])).toEqual([
    ['cast', 'quantized', expect.anything()],
    ['double', 'left-float', expect.stringMatching(/computes float64/)],
  ]);
});

test('weights that were stored in 8 bits count as quantized', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 8, 16, 16]);
  const y = g.op('Conv', [x, g.weight('w', [16, 8, 3, 3], noise(1152))], {}, { name: 'conv' });
  const { model } = await quantized(g.output(y, 'y').model());
  await expect(quantize(model, { mode: 'dynamic' })).rejects.toMatchObject({ code: 'ERR_ALREADY_QUANTIZED' });
  const { report } = await quantized(model, { requantize: true });
  expect(report.layers).toMatchObject([{ action: 'left-float', reason: 'its weight is quantized already' }]);
});

test('a quantized model is refused, or with requantize completed', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 64]);
  const a = g.op('MatMul', [x, g.weight('w', [64, 64], noise(4096))], {}, { name: 'a' });
  const b = g.op('MatMul', [a, g.weight('v', [64, 64], noise(4096, 2))], {}, { name: 'b' });
  const { model } = await quantized(g.output(b, 'y').model(), { exclude: ['b'] });
  await expect(quantize(model, { mode: 'dynamic' })).rejects.toMatchObject({ code: 'ERR_ALREADY_QUANTIZED' });
  const { model: both } = await quantized(model, { requantize: true });
  expect(await optimizedOps(both)).toEqual({ DynamicQuantizeMatMul: 2 });
});
