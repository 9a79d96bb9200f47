import { attribute, GraphBuilder, type Value } from '@gossamer/graph';
import { emitStaticWith, noise, noiseTensor } from '../testing/emit-static.js';
import { countOps, optimizedOps, runOrt, sqnr } from '../testing/ort.js';

/** Eight 8-bit layers in a row. */
const LEAST_SQNR = 22;

function everything(): GraphBuilder {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 16, 16, 16]);
  const conv = (input: Value, o: number, i: number, name: string) =>
    g.op(
      'Conv',
      [input, g.weight(`${name}_w`, [o, i, 3, 3], noise(o * i * 9, o)), g.weight(`${name}_b`, [o], noise(o))],
      {
        pads: [1, 1, 1, 1],
      },
    );
  const a = g.op('Relu', [conv(x, 32, 16, 'a')]);
  const p = g.op('MaxPool', [a], { kernel_shape: [2, 2], strides: [2, 2] });
  const b = g.op('LeakyRelu', [conv(p, 32, 32, 'b')], { alpha: 0.1 });
  const gate = g.op('Sigmoid', [conv(p, 32, 32, 'c')]);
  const sum = g.op('Add', [g.op('Mul', [b, gate]), p]);
  const wide = conv(g.op('Concat', [sum, p], { axis: 1 }), 32, 64, 'd');
  const flat = g.op('Flatten', [g.op('GlobalAveragePool', [wide])]);
  const y = g.op('Gemm', [flat, g.weight('w', [64, 32], noise(2048)), g.weight('v', [64], noise(64))], { transB: 1 });
  const rows = g.op('Reshape', [wide, g.constant([2, 32, 64])]);
  const product = g.op('MatMul', [rows, g.weight('m', [64, 96], noise(64 * 96))]);
  const z = g.op('Add', [product, g.weight('mb', [96], noise(96))]);
  return g.output(y, 'y').output(z, 'z');
}

test('QLinear operators on codes load, and agree with the float model and with the QDQ form', async () => {
  const model = everything().model();
  const feeds = { x: noiseTensor([2, 16, 16, 16], 3) };
  const qoperator = await emitStaticWith(model, feeds, { format: 'qoperator', costModel: false });
  const qdq = await emitStaticWith(model, feeds, { costModel: false });
  expect(countOps(qoperator.model)).toMatchObject({
    QLinearConv: 4,
    MaxPool: 1,
    QLinearLeakyRelu: 1,
    QLinearSigmoid: 1,
    QLinearMul: 1,
    QLinearAdd: 1,
    QLinearConcat: 1,
    QLinearGlobalAveragePool: 1,
    QGemm: 1,
    MatMulIntegerToFloat: 1,
    QuantizeLinear: 1,
  });
  expect(countOps(qoperator.model)).not.toHaveProperty('DequantizeLinear');
  const [reference, actual, other] = await Promise.all([
    runOrt(model, feeds),
    runOrt(qoperator.model, feeds),
    runOrt(qdq.model, feeds),
  ]);
  for (const name of ['y', 'z']) {
    expect(sqnr(reference[name]!, actual[name]!)).toBeGreaterThan(LEAST_SQNR);
    expect(sqnr(other[name]!, actual[name]!)).toBeGreaterThan(LEAST_SQNR);
  }
});

test('a product of two activations becomes QLinearMatMul', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 64, 64]);
  const t = g.op('Transpose', [x], { perm: [0, 2, 1] });
  const first = g.op('MatMul', [x, t]);
  const y = g.op('MatMul', [first, x]);
  const feeds = { x: noiseTensor([2, 64, 64], 3) };
  const model = g.output(y, 'y').model();
  const result = await emitStaticWith(model, feeds, { format: 'qoperator' });
  expect(countOps(result.model)).toMatchObject({ QLinearMatMul: 1, MatMulIntegerToFloat: 1, QuantizeLinear: 1 });
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result.model, feeds)];
  expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(LEAST_SQNR);
});

test.each(['qdq', 'qoperator'] as const)(
  '%s: a bias of higher rank than its product keeps the shape of the sum',
  async (format) => {
    const g = new GraphBuilder('g');
    const product = g.op('MatMul', [g.input('x', 'float32', [4, 64]), g.weight('w', [64, 64], noise(4096))]);
    const model = g.output(g.op('Add', [product, g.weight('b', [1, 1, 64], noise(64))]), 'y').model();
    const feeds = { x: noiseTensor([4, 64], 3) };
    const result = await emitStaticWith(model, feeds, { format, costModel: false });
    const [reference, actual] = [await runOrt(model, feeds), await runOrt(result.model, feeds)];
    expect(actual['y']!.dims).toEqual([1, 4, 64]);
    expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(LEAST_SQNR);
  },
);

test.each((['qdq', 'qoperator'] as const).flatMap((format) => [0.5, 1e-6].map((alpha) => [format, alpha] as const)))(
  '%s: Gemm with alpha %s is one QGemm, and its bias keeps its size',
  async (format, alpha) => {
    const g = new GraphBuilder('g');
    const bias = noise(64).map((v) => v * 100);
    const inputs = [g.input('x', 'float32', [4, 64]), g.weight('w', [64, 64], noise(4096)), g.weight('b', [64], bias)];
    const model = g.output(g.op('Gemm', inputs, { alpha: attribute.float(alpha) }), 'y').model();
    const feeds = { x: noiseTensor([4, 64], 3) };
    const result = await emitStaticWith(model, feeds, { format, costModel: false });
    expect(await optimizedOps(result.model)).toMatchObject({ QGemm: 1 });
    const [reference, actual] = [await runOrt(model, feeds), await runOrt(result.model, feeds)];
    expect(sqnr(reference['y']!, actual['y']!)).toBeGreaterThan(LEAST_SQNR);
  },
);
