import { GraphBuilder, type Model, type Value } from '@gossamer/graph';
import { dataFromArrays, Session } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { runOrt, sqnr } from '../testing/ort.js';
import { assertIntegerOnly, floatComputeNodes } from './assert-integer-only.js';

// Calibrated on what is run: outputs are codes of the calibrated range, too.
const feeds = { x: noiseTensor([16, 4, 8, 8], 5) };
const data = dataFromArrays(feeds);

/** Convolutions with `between` among them and `tail` behind a product. */
function net(between: (g: GraphBuilder, x: Value) => Value, tail = (_: GraphBuilder, y: Value) => y): Model {
  const g = new GraphBuilder('g', { opset: 17 });
  const x = g.input('x', 'float32', ['n', 4, 8, 8]);
  const pads = { pads: [1, 1, 1, 1] };
  const first = g.op('Conv', [x, g.weight('a', [8, 4, 3, 3], noise(288))], pads, { name: 'first' });
  const second = g.op('Conv', [between(g, first), g.weight('b', [8, 8, 3, 3], noise(576, 2))], pads, {
    name: 'second',
  });
  const flat = g.op('Flatten', [g.op('GlobalAveragePool', [g.op('Relu', [second])])]);
  const product = g.op(
    'Gemm',
    [flat, g.weight('c', [8, 5], noise(40, 3)), g.weight('d', [5], noise(5, 4))],
    {},
    {
      name: 'product',
    },
  );
  return g.output(tail(g, product), 'y').model();
}

const integerOnly = (model: Model, options: QuantizeOptions = {}) =>
  quantize(model, { mode: 'static', data, integerOnly: true, ...options });
const refusal = (message: RegExp) => ({
  code: 'ERR_QUANTIZE_OPTION',
  message: expect.stringMatching(message) as string,
});

test.each([
  ['Relu behind a pool', (g: GraphBuilder, x: Value) => g.op('Relu', [g.op('MaxPool', [x], { kernel_shape: [2, 2] })])],
  [
    'Clip with another reader',
    (g: GraphBuilder, x: Value) =>
      g.op('Add', [g.op('Clip', [x, g.constant(-0.5, 'float32'), g.constant(0.7, 'float32')]), x]),
  ],
  [
    'averages and parts',
    (g: GraphBuilder, x: Value) => {
      const pool = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 };
      const parts = [g.op('AveragePool', [x], pool), g.op('Sigmoid', [x])];
      const both = g.op('Concat', parts, { axis: 1 });
      return g.op('Slice', [both, g.constant([3]), g.constant([11]), g.constant([1])]);
    },
  ],
])('%s: integers from the first layer to the last, in both engines', async (_, between) => {
  const original = net(between);
  const { model, report } = await integerOnly(original);
  expect(report.warnings).toEqual([]);
  expect(floatComputeNodes(model)).toEqual([]);
  const kinds = [...model.graph.nodes()].map(({ op }) => op);
  expect(kinds.filter((op) => op === 'QuantizeLinear' || op === 'DequantizeLinear')).toEqual([
    'QuantizeLinear',
    'DequantizeLinear',
  ]);
  const [want, got] = [await runOrt(original, feeds), await runOrt(model, feeds)];
  // Weights and activations of 8 bits on noise: 25 dB and more.
  expect(sqnr(want['y']!, got['y']!)).toBeGreaterThan(25);
  const session = await Session.open(model, { engine: 'native', requantize: 'fixed-point' });
  const native = (await session.run(feeds))['y']!;
  await session.dispose();
  // A code that is one off somewhere moves later ones by a fraction of a code.
  expect(sqnr(got['y']!, native)).toBeGreaterThan(35);
});

test('what has no integer form between layers is refused by name and reason', async () => {
  const model = net((g, x) => g.op('HardSwish', [g.op('Tanh', [x], {}, { name: 'squash' })], {}, { name: 'swish' }));
  await expect(integerOnly(model)).rejects.toMatchObject(
    refusal(/^integerOnly: .* received float squash \(Tanh: .*no 8-bit Tanh.*\), swish \(HardSwish: /),
  );
  await expect(
    integerOnly(
      net((_, x) => x),
      { exclude: ['product'] },
    ),
  ).rejects.toMatchObject(refusal(/product \(Gemm: excluded by "product"\)/));
});

test('a float head and tail without layers stay, and are said', async () => {
  const tail = (g: GraphBuilder, y: Value) =>
    g.op('Reshape', [g.op('Softmax', [y], { axis: 1 }, { name: 'probabilities' }), g.constant([-1])]);
  const { model, report } = await integerOnly(net((_, x) => x, tail));
  expect(report.warnings).toEqual(['float behind the last DequantizeLinear: probabilities (Softmax), y (Reshape)']);
  expect([...model.graph.nodes()].slice(-3).map(({ op }) => op)).toEqual(['DequantizeLinear', 'Softmax', 'Reshape']);
  assertIntegerOnly(model);
});

test('the checker names what computes in float between codes', async () => {
  const original = net((_, x) => x);
  expect(floatComputeNodes(original).map(({ op }) => op)).toContain('Conv');
  const { model } = await quantize(original, { mode: 'static', data, costModel: false });
  const names = floatComputeNodes(model).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['first', 'second']));
  expect(() => assertIntegerOnly(model)).toThrow(expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error);
});

test('options that contradict it are refused', async () => {
  const model = net((_, x) => x);
  await expect(integerOnly(model, { format: 'qdq' })).rejects.toMatchObject(refusal(/^format: /));
  await expect(integerOnly(model, { keepFloat: 'auto' })).rejects.toMatchObject(refusal(/^keepFloat: /));
  await expect(quantize(model, { mode: 'dynamic', integerOnly: true })).rejects.toMatchObject(refusal(/^mode: /));
});
