import { GraphBuilder } from '../../builder.js';
import type { DType } from '../../dtype.js';
import { evaluate } from '../../eval/evaluate.js';
import { attribute } from '../../ir/attribute.js';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { loadModel } from '../../onnx/index.js';
import { applyPasses, kinds } from '../testing/check-pass.js';
import { expectEqualBits, sqnrDb } from '../testing/compare.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';
import { feedsOf, pathOf, REAL_MODELS } from '../testing/real-models.js';
import { PASSES } from '../registry.js';
import { convertFloat16 } from './convert-float16.js';

const EXACT = PASSES.filter(({ exactness }) => exactness === 'exact').map(({ name }) => name);
/** Some roundings to float16, at other places: 2^-11 leaves 70 dB. */
const LEAST_SQNR = 50;

const SOME = /lenet-5|resnet20|cls_infer|hey_jarvis|vad_v5|legacy/;

describe.each(REAL_MODELS.filter(({ file }) => SOME.test(file)))('$file in float16', (real) => {
  test('exact passes are bitwise, all of them within roundings', async () => {
    const { model } = convertFloat16(await loadModel(pathOf(real)));
    const feeds = feedsOf(real, 1);
    const expected = await runOnce(model, feeds);
    expectEqualBits(await runOnce(applyPasses(model, EXACT).model, feeds), expected);
    const { model: optimized, warnings } = applyPasses(model, 'default');
    expect(warnings).toEqual([]);
    expect(sqnrDb(await runOnce(optimized, feeds), expected)).toBeGreaterThan(LEAST_SQNR);
  });
});

/** What the fusions look for, wholly in `dtype`. */
function network(dtype: DType): Model {
  const g = new GraphBuilder('net', { opset: 21, irVersion: 10 });
  const add = (name: string, tensor: Tensor) =>
    g.graph.addInitializer(name, Tensor.fromNumbers(dtype, tensor.dims, tensor.toFloat32()));
  const w = (name: string, dims: number[], seed: number) => add(name, randomTensor(dims, seed));
  const scalar = (value: number) => add('scalar', Tensor.scalar('float32', value));
  const x = g.input('x', dtype, ['n', 3, 5, 5]);
  const variance = add('v', Tensor.fromNumbers('float32', [4], [1, 0.5, 2, 1.5]));
  const conv = g.op('Conv', [x, w('a', [4, 3, 3, 3], 1), w('b', [4], 2)]);
  const normal = g.op('BatchNormalization', [conv, w('s', [4], 3), w('o', [4], 4), w('m', [4], 5), variance]);
  const rows = g.op('Reshape', [g.op('Relu', [normal]), g.constant([-1, 12])]);
  const product = g.op('Add', [g.op('MatMul', [rows, w('c', [12, 8], 6)]), w('d', [8], 7)]);
  const mean = (value: Value) => g.op('ReduceMean', [value, g.constant([-1])]);
  const centred = g.op('Sub', [product, mean(product)]);
  const square = mean(g.op('Pow', [centred, scalar(2)]));
  const deviation = g.op('Sqrt', [g.op('Add', [square, scalar(1e-5)])]);
  const scaled = g.op('Add', [g.op('Mul', [g.op('Div', [centred, deviation]), w('e', [8], 8)]), w('f', [8], 9)]);
  const erf = g.op('Erf', [g.op('Div', [scaled, scalar(Math.SQRT2)])]);
  const gelu = g.op('Mul', [g.op('Mul', [scaled, g.op('Add', [erf, scalar(1)])]), scalar(0.5)]);
  return g.output(g.op('Softmax', [gelu], { axis: attribute.int(-1) }), 'y', dtype).model();
}

test('a network wholly in float16: every pass keeps its meaning', async () => {
  const model = network('float16');
  const feeds = [1, 3].map((n) => {
    const tensor = randomTensor([n, 3, 5, 5], n);
    return { x: Tensor.fromNumbers('float16', tensor.dims, tensor.toFloat32()) };
  });
  const { model: exact } = applyPasses(model, EXACT);
  const { model: optimized } = applyPasses(model, 'default');
  expect(kinds(optimized)).toEqual('Conv Relu Reshape Gemm LayerNormalization Gelu Softmax'.split(' '));
  for (const fed of feeds) {
    const expected = await runOnce(model, fed);
    expectEqualBits(await runOnce(exact, fed), expected);
    expect(sqnrDb(await runOnce(optimized, fed), expected)).toBeGreaterThan(LEAST_SQNR);
  }
});

test('bfloat16, which ONNX Runtime runs few operators of, by the evaluator', () => {
  const model = network('bfloat16');
  const tensor = randomTensor([2, 3, 5, 5], 1);
  const fed = { x: Tensor.fromNumbers('bfloat16', tensor.dims, tensor.toFloat32()) };
  const { model: exact } = applyPasses(model, EXACT);
  const { model: optimized } = applyPasses(model, 'default');
  expectEqualBits(evaluate(exact, fed), evaluate(model, fed));
  // A rounding to bfloat16 leaves 52 dB.
  expect(sqnrDb(evaluate(optimized, fed), evaluate(model, fed))).toBeGreaterThan(40);
});
