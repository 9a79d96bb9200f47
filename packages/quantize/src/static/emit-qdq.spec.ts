import { GraphBuilder, type Model, type Value } from '@gossamer/graph';
import { emitStaticWith, noise, noiseTensor } from '../testing/emit-static.js';
import { optimizedOps, runOrt, sqnr } from '../testing/ort.js';

/** Floor for the noise of one or two 8-bit layers: 48 dB of an 8-bit full-scale signal, less the peak-to-rms ratio of the data. */
const LEAST_SQNR = 28;

const conv = (g: GraphBuilder, x: Value, [o, i, k]: [number, number, number], name: string, withBias = true): Value => {
  const w = g.weight(`${name}_w`, [o, i, k, k], noise(o * i * k * k, o + k));
  const inputs = withBias ? [x, w, g.weight(`${name}_b`, [o], noise(o, 7))] : [x, w];
  return g.op('Conv', inputs, { pads: [k >> 1, k >> 1, k >> 1, k >> 1] }, { name });
};

/** What a whole model costs decides nothing here: every unit that can run in integers does, unless `options` says otherwise. */
async function fused(model: Model, dims: readonly number[], options = {}) {
  const feeds = { x: noiseTensor(dims, 3) };
  const result = await emitStaticWith(model, feeds, { costModel: false, ...options });
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result.model, feeds)];
  const name = model.graph.outputs[0]!.name;
  return { ...result, ops: await optimizedOps(result.model), sqnr: sqnr(reference[name]!, actual[name]!) };
}

test('Conv, Relu, MaxPool, Add and Gemm run as integer kernels; Relu is the saturation of its codes', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 8, 16, 16]);
  const a = g.op('Relu', [conv(g, x, [16, 8, 3], 'a')]);
  const p = g.op('MaxPool', [a], { kernel_shape: [2, 2], strides: [2, 2] });
  const b = conv(g, p, [16, 16, 3], 'b', false);
  const sum = g.op('Relu', [g.op('Add', [b, p], {}, { name: 'sum' })]);
  const flat = g.op('Flatten', [sum]);
  const w = g.weight('fc_w', [10, 1024], noise(10240, 5));
  const y = g.op('Gemm', [flat, w, g.weight('fc_b', [10], noise(10, 6))], { transB: 1 }, { name: 'fc' });
  const { ops, model, sqnr: quality } = await fused(g.output(y, 'y').model(), [2, 8, 16, 16]);
  expect(ops).toMatchObject({ QLinearConv: 2, NhwcMaxPool: 1, QLinearAdd: 1, QGemm: 1, QuantizeLinear: 1 });
  expect(ops).not.toHaveProperty('Relu');
  expect(ops).not.toHaveProperty('DequantizeLinear');
  expect(quality).toBeGreaterThan(LEAST_SQNR);
  expect(model.graph.outputs.map(({ name }) => name)).toEqual(['y']);
});

test.each([
  ['MatMul', 'MatMulIntegerToFloat', false],
  ['MatMul with a bias in front of float', 'MatMulIntegerToFloat', true],
])('%s gives floats from %s', async (_, kernel, withBias) => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 16, 64]);
  let y = g.op('MatMul', [x, g.weight('w', [64, 256], noise(64 * 256))], {}, { name: 'fc' });
  if (withBias) y = g.op('Add', [y, g.weight('b', [256], noise(256, 2))]);
  y = g.op('Tanh', [y]);
  const { ops, sqnr: quality } = await fused(g.output(y, 'y').model(), [4, 16, 64]);
  expect(ops).toMatchObject({ [kernel]: 1 });
  expect(ops).not.toHaveProperty('MatMul');
  expect(ops).not.toHaveProperty('Gemm');
  expect(quality).toBeGreaterThan(LEAST_SQNR);
});

test('two products in a row: Q directly behind the bias Add makes one QGemm', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [4, 16, 64]);
  const a = g.op('MatMul', [x, g.weight('w', [64, 256], noise(64 * 256))], {}, { name: 'a' });
  const h = g.op('Relu', [g.op('Add', [a, g.weight('b', [256], noise(256, 2))])]);
  const y = g.op('MatMul', [h, g.weight('v', [256, 64], noise(64 * 256, 4))], {}, { name: 'b' });
  const { ops, sqnr: quality } = await fused(g.output(y, 'y').model(), [4, 16, 64]);
  expect(ops).toMatchObject({ QGemm: 1, MatMulIntegerToFloat: 1, QuantizeLinear: 1 });
  expect(quality).toBeGreaterThan(LEAST_SQNR);
});

test('operators without a worthwhile kernel stay in float between integer convolutions', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 32, 32, 32]);
  const a = g.op('HardSwish', [conv(g, x, [32, 32, 3], 'a')], {}, { name: 'swish' });
  const b = conv(g, a, [32, 32, 3], 'b');
  const y = g.op('AveragePool', [b], { kernel_shape: [2, 2], strides: [2, 2] }, { name: 'pool' });
  const { ops, reasons } = await fused(g.output(y, 'y').model(), [1, 32, 32, 32], { costModel: true });
  expect(ops).toMatchObject({ QLinearConv: 2, AveragePool: 1 });
  expect(reasons['swish']).toMatch(/no 8-bit HardSwish/);
  expect(reasons['pool']).toMatch(/20 times slower/);
});

test('a linear Resize, which does not fuse, stays in float', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [1, 32, 24, 24]);
  const scales = g.constant([1, 1, 2, 2], 'float32');
  const up = g.op('Resize', [conv(g, x, [32, 32, 3], 'a'), undefined, scales], { mode: 'linear' }, { name: 'up' });
  const y = conv(g, up, [32, 32, 3], 'b');
  const { reasons } = await fused(g.output(y, 'y').model(), [1, 32, 24, 24]);
  expect(reasons['up']).toMatch(/linear Resize in float/);
});

test('an isolated cheap operator is not wrapped', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 32, 32, 32]);
  const y = g.op('Tanh', [g.op('Sigmoid', [g.op('Tanh', [x])], {}, { name: 'gate' })]);
  const { ops, reasons, integer } = await fused(g.output(y, 'y').model(), [1, 32, 32, 32], { costModel: true });
  expect(integer).toEqual([]);
  expect(ops).not.toHaveProperty('QuantizeLinear');
  expect(reasons['gate']).toMatch(/not faster/);
});

test('a bias that would overflow int32 beside tiny weights gets a larger weight scale', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 8, 32, 32]);
  const weights = noise(32 * 8 * 9);
  weights.fill(1e-12, 0, 72);
  weights.fill(0, 72, 144);
  const bias = noise(32, 9);
  bias.set([30, -20]);
  const inputs = [x, g.weight('w', [32, 8, 3, 3], weights), g.weight('b', [32], bias)];
  const y = g.op('Relu', [g.op('Conv', inputs, { pads: [1, 1, 1, 1] }, { name: 'a' })]);
  const { model, sqnr: quality } = await fused(g.output(y, 'y').model(), [1, 8, 32, 32]);
  expect(quality).toBeGreaterThan(LEAST_SQNR);
  const codes = model.graph.value('b_quantized')!.constant!.toIntegers();
  for (const code of codes) expect(Math.abs(code)).toBeLessThanOrEqual(2 ** 30);
});

const BETWEEN: Record<string, (g: GraphBuilder, a: Value, x: Value) => Value> = {
  Transpose: (g, a) => g.op('Transpose', [a], { perm: [0, 1, 3, 2] }),
  Reshape: (g, a) => g.op('Reshape', [a, g.constant([1, 32, 12, 48])]),
  Concat: (g, a, x) => g.op('Concat', [a, x], { axis: 2 }),
  Mul: (g, a, x) => g.op('Mul', [a, x]),
  'Mul by a constant': (g, a) => g.op('Mul', [a, g.constant(0.5, 'float32')]),
  Where: (g, a, x) => g.op('Where', [g.constant([1, 0, 1], 'bool', [1, 1, 3, 1]), tall(g, a), tall(g, x)]),
  LeakyRelu: (g, a) => g.op('LeakyRelu', [a], { alpha: 0.1 }),
  Sigmoid: (g, a) => g.op('Sigmoid', [a]),
  GlobalAveragePool: (g, a) => g.op('GlobalAveragePool', [a]),
  MaxPool: (g, a) => g.op('MaxPool', [a], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  Resize: (g, a) => g.op('Resize', [a, undefined, g.constant([1, 1, 2, 2], 'float32')], { mode: 'nearest' }),
  Split: (g, a) => g.op('Concat', g.ops('Split', [a], { axis: 2 }, { outputs: 2 }).reverse(), { axis: 2 }),
  Slice: (g, a) => g.op('Slice', [a, g.constant([1]), g.constant([9]), g.constant([2])]),
  Gather: (g, a) => g.op('Gather', [a, g.constant([3, 1, 2])], { axis: 2 }),
  'Squeeze and Unsqueeze': (g, a) => g.op('Unsqueeze', [g.op('Squeeze', [a, g.constant([0])]), g.constant([0])]),
  Tile: (g, a) => g.op('Tile', [a, g.constant([1, 1, 2, 1])]),
  Expand: (g, a) => g.op('Expand', [a, g.constant([2, 32, 24, 24])]),
  Clip: (g, a) => g.op('Clip', [a, g.constant(0, 'float32'), g.constant(6, 'float32')]),
};

/** [1, 32, 24, 24] as [1, 32, 3, 192]. */
const tall = (g: GraphBuilder, x: Value) => g.op('Reshape', [x, g.constant([1, 32, 3, 192])]);

test.each(Object.keys(BETWEEN))('%s between convolutions works on codes', async (name) => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [1, 32, 24, 24]);
  const y = conv(g, BETWEEN[name]!(g, conv(g, x, [32, 32, 3], 'a'), x), [32, 32, 3], 'b');
  const { ops, sqnr: quality } = await fused(g.output(y, 'y').model(), [1, 32, 24, 24]);
  expect(ops).toMatchObject({ QLinearConv: 2, QuantizeLinear: 1, DequantizeLinear: 1 });
  expect(quality).toBeGreaterThan(LEAST_SQNR);
});

test('a Gemm whose C is no vector stays in float', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [4, 64]);
  const c = g.weight('c', [4, 1], noise(4));
  const y = g.op('Gemm', [x, g.weight('w', [64, 64], noise(4096)), c], {}, { name: 'fc' });
  const { reasons } = await fused(g.output(y, 'y').model(), [4, 64]);
  expect(reasons['fc']).toBe('its bias is no vector');
});

test('a value read by integers and by floats is made once; graph outputs keep their names', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [1, 16, 24, 24]);
  const a = conv(g, x, [32, 16, 3], 'a');
  const b = conv(g, a, [32, 32, 3], 'b');
  const t = g.op('Tanh', [a]);
  g.output(b, 'b_out').output(a, 'a_out').output(t, 't_out');
  const { ops, model } = await fused(g.model(), [1, 16, 24, 24]);
  expect(ops).toMatchObject({ QLinearConv: 2, Tanh: 1 });
  expect(model.graph.outputs.map(({ name }) => name)).toEqual(['b_out', 'a_out', 't_out']);
});
