import { attribute, checkGraph, type DType, Graph, GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { convertFloat16, convertFloat32 } from '@gossamer/graph/passes';
import { dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from './options.js';
import { quantize } from './quantize.js';
import { noise } from './testing/emit-static.js';
import { countOps, optimizedOps, runOrt, sqnr } from './testing/ort.js';

/** 8-bit layers of one another's errors. */
const LEAST_SQNR = 20;

const narrow = (dims: readonly number[], seed: number, factor = 1, dtype: DType = 'float16') => {
  const length = dims.reduce((product, dim) => product * dim, 1);
  return Tensor.fromNumbers(
    dtype,
    dims,
    noise(length, seed).map((x) => x * factor),
  );
};

/** Convolutions, a normalization to fold, a head; wholly in `dtype`. */
function convolutional(dtype: DType = 'float16'): Model {
  const g = new GraphBuilder('g');
  const add = (name: string, dims: number[], seed: number, factor = 1) =>
    g.graph.addInitializer(name, narrow(dims, seed, factor, dtype));
  const x = g.input('x', dtype, ['n', 8, 12, 12]);
  const a = g.op('Conv', [x, add('a', [16, 8, 3, 3], 1, 0.2)], { pads: [1, 1, 1, 1] }, { name: 'a' });
  const ones = (name: string) => g.graph.addInitializer(name, Tensor.fromNumbers(dtype, [16], new Array(16).fill(1)));
  const normal = g.op('BatchNormalization', [a, ones('s'), add('o', [16], 5), add('m', [16], 6), ones('v')]);
  const b = g.op('Conv', [g.op('Relu', [normal]), add('b', [32, 16, 3, 3], 2, 0.15)], {}, { name: 'b' });
  const flat = g.op('Flatten', [g.op('Relu', [b])]);
  const y = g.op('Gemm', [flat, add('c', [32 * 100, 16], 3, 0.05), add('d', [16], 4)], {}, { name: 'c' });
  return g.output(y, 'y', dtype, ['n', 16]).model();
}

/** An embedding, products, a table that stays in float. */
function language(dtype: DType = 'float16'): Model {
  const g = new GraphBuilder('g');
  const add = (name: string, dims: number[], seed: number, factor = 1) =>
    g.graph.addInitializer(name, narrow(dims, seed, factor, dtype));
  const ids = g.input('ids', 'int64', ['n', 6]);
  const h = g.op('Gather', [add('table', [128, 64], 1), ids], {}, { name: 'embed' });
  const up = g.op('MatMul', [h, add('up', [64, 128], 2, 0.2)], {}, { name: 'up' });
  const placed = g.op('Add', [g.op('Relu', [up]), add('positions', [6, 128], 3)]);
  const down = g.op('MatMul', [placed, add('down', [128, 32], 4, 0.1)], {}, { name: 'down' });
  return g.output(down, 'y', dtype, ['n', 6, 32]).model();
}

const image = narrow([6, 8, 12, 12], 9);
const ids = Tensor.fromNumbers(
  'int64',
  [2, 6],
  Array.from({ length: 12 }, (_, i) => (i * 29) % 128),
);

async function quantized(model: Model, feeds: Record<string, Tensor>, options: QuantizeOptions) {
  const result = await quantize(model, options);
  checkGraph(result.model.graph);
  const contract = ({ graph }: Model) => [...graph.inputs, ...graph.outputs].map(({ name, type }) => [name, type]);
  expect(contract(result.model)).toEqual(contract(model));
  expect(result.report.warnings[0]).toMatch(/^the model computes in float16: \d+ nodes now compute in float32/);
  const [expected, found] = [await runOrt(model, feeds), await runOrt(result.model, feeds)];
  expect(found['y']!.dtype).toBe('float16');
  expect(sqnr(expected['y']!, found['y']!)).toBeGreaterThan(LEAST_SQNR);
  return result;
}

test.each(['qdq', 'qoperator'] as const)('a convolutional network in float16 becomes integers, %s', async (format) => {
  const data = dataFromArrays({ x: image });
  const options = { mode: 'static', format, data, costModel: false } as const;
  const { model, report } = await quantized(convolutional(), { x: image }, options);
  const left = report.layers.filter(({ action }) => action !== 'quantized').map(({ name, op }) => [name, op]);
  expect(left).toEqual([
    ['x_float32', 'Cast'],
    ['y', 'Cast'],
  ]);
  expect(await optimizedOps(model)).toMatchObject({ QLinearConv: 2, QGemm: 1, Cast: 2 });
  // Codes have half the bytes of float16.
  expect(report.bytes.ratio).toBeGreaterThan(1.8);
});

test.each<[QuantizeOptions, Record<string, number>]>([
  [{ mode: 'dynamic' }, { DynamicQuantizeMatMul: 2 }],
  [
    { mode: 'weight-only', bits: 4 },
    { MatMulNBits: 2, GatherBlockQuantized: 1 },
  ],
  [{ mode: 'weight-only', bits: 8, blockFormat: 'dequantize-linear' }, {}],
  [{ mode: 'weight-only', granularity: 'perAxis' }, { MatMul: 2 }],
])('a language model in float16, %o', async (options, kernels) => {
  const { model, report } = await quantized(language(), { ids }, options);
  expect(await optimizedOps(model)).toMatchObject(kernels);
  // The same as of the float32 form.
  const other = await quantize(convertFloat32(language()).model, options);
  expect(report.layers.map(({ name, action, reason }) => [name, action, reason])).toEqual(
    other.report.layers.map(({ name, action, reason }) => [name, action, reason]),
  );
  const nodes = ({ Cast: _, ...rest }: Record<string, number>) => rest;
  expect(nodes(await optimizedOps(model))).toEqual(nodes(await optimizedOps(other.model)));
  const [found, expected] = [await runOrt(model, { ids }), await runOrt(other.model, { ids })];
  expect(found['y']!.bytes()).toEqual(expected['y']!.bytes());
  // The positions, 1.5 KiB, stay stored in float16.
  expect(model.graph.value('positions')!.initializer!.dtype).toBe('float16');
});

test('float32 inputs and outputs around float16: what convertFloat16 makes', async () => {
  const { model: wide } = convertFloat32(language());
  const { model } = convertFloat16(wide);
  const { report, model: result } = await quantize(model, { mode: 'dynamic' });
  expect(report.warnings).toHaveLength(1);
  expect(report.layers.map(({ action }) => action)).toEqual(['weight-only', 'quantized', 'quantized']);
  const [expected, found] = [await runOrt(model, { ids }), await runOrt(result, { ids })];
  expect(sqnr(expected['y']!, found['y']!)).toBeGreaterThan(LEAST_SQNR);
});

test('a layer that is left in float keeps its bytes', async () => {
  const { report, model } = await quantize(language(), { mode: 'dynamic', exclude: ['up'] });
  const up = report.layers.find(({ name }) => name === 'up');
  expect(up).toMatchObject({ action: 'left-float', bytes: { before: 2 * 64 * 128, after: 2 * 64 * 128 } });
  expect(model.graph.value('up')!.initializer!.dtype).toBe('float16');
  // Of the rows that are gathered as codes, and of the output: none of a weight is left.
  expect(await optimizedOps(model)).toMatchObject({ Cast: 2 });
});

test('bfloat16 too', async () => {
  const model = language('bfloat16');
  const { model: result, report } = await quantize(model, { mode: 'dynamic' });
  expect(report.layers.map(({ action }) => action)).toEqual(['weight-only', 'quantized', 'quantized']);
  const [expected, found] = [model, result].map((m) => evaluate(m, { ids })['y']!);
  expect(found!.dtype).toBe('bfloat16');
  expect(sqnr(expected!, found!)).toBeGreaterThan(LEAST_SQNR);
});

test('float16 storage behind Casts is no float16 model', async () => {
  const g = new GraphBuilder('g');
  const w = g.op('Cast', [g.graph.addInitializer('w', narrow([64, 32], 1))], { to: 1 });
  const y = g.op('MatMul', [g.input('x', 'float32', ['n', 64]), w], {}, { name: 'fc' });
  const { report, model } = await quantize(g.output(y, 'y').model(), { mode: 'dynamic' });
  expect(report).toMatchObject({ warnings: [], layers: [{ name: 'fc', action: 'quantized' }] });
  expect(countOps(model)).toMatchObject({ MatMulInteger: 1 });
});

test('GELU is known by its constants in float16', async () => {
  const g = new GraphBuilder('g', { opset: 20, irVersion: 9 });
  const scalar = (value: number) => g.constant(value, 'float16');
  const x = g.op('MatMul', [g.input('x', 'float16', ['n', 64]), g.graph.addInitializer('a', narrow([64, 64], 1, 0.2))]);
  const erf = g.op('Erf', [g.op('Div', [x, scalar(Math.SQRT2)])]);
  const gelu = g.op('Mul', [g.op('Mul', [x, g.op('Add', [erf, scalar(1)])]), scalar(0.5)]);
  g.output(g.op('MatMul', [gelu, g.graph.addInitializer('b', narrow([64, 32], 2, 0.2))]), 'y', 'float16');
  const { model } = await quantized(g.model(), { x: narrow([4, 64], 3) }, { mode: 'dynamic' });
  expect(countOps(model)).toMatchObject({ Gelu: 1, MatMulInteger: 2 });
});

test('control flow over sequences of float16 is left alone, and the layers with it', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float16', ['n', 64]);
  const fc = g.op('MatMul', [x, g.graph.addInitializer('a', narrow([64, 64], 1, 0.2))], {}, { name: 'fc' });
  const chosen = g.op('If', [g.input('go', 'bool', [])]);
  const node = chosen.producer!;
  for (const name of ['then_branch', 'else_branch']) {
    const body = new Graph(name, { node, attribute: name, index: 0 });
    body.addOutput(body.add({ op: 'SequenceConstruct', inputs: [fc], outputs: [`${name}_out`] }).output);
    g.graph.setAttribute(node, name, attribute.graph(body));
  }
  g.output(g.op('SequenceAt', [chosen, g.constant(0)]), 'y', 'float16');
  const { report } = await quantize(g.model(), { mode: 'dynamic' });
  expect(report.warnings).toEqual([
    expect.stringMatching(
      /^the model computes in float16, and its layers are left alone: node .*If.*sequence of float16/,
    ),
  ]);
  expect(report.layers).toMatchObject([
    { name: 'fc', action: 'left-float', reason: 'it computes float16, its kernels on codes float32' },
  ]);
});
