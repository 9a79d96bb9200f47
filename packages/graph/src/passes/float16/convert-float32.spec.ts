import { GraphBuilder } from '../../builder.js';
import { type DType, dtypeCode } from '../../dtype.js';
import { evaluate } from '../../eval/evaluate.js';
import { attribute } from '../../ir/attribute.js';
import { Graph } from '../../ir/graph.js';
import { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import { tensorType } from '../../ir/value-type.js';
import { loadModel, parseModel, serializeModel } from '../../onnx/index.js';
import { addIf } from '../testing/add-if.js';
import { checkModel, expectWithin, kinds } from '../testing/check-pass.js';
import { expectEqualBits, sqnrDb } from '../testing/compare.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';
import { feedsOf, pathOf, REAL_MODELS } from '../testing/real-models.js';
import { runPasses } from '../run-passes.js';
import { convertFloat16 } from './convert-float16.js';
import { convertFloat32 } from './convert-float32.js';
import { narrowForm } from './widen-tensor.js';

const narrowed = (tensor: Tensor, dtype: DType = 'float16') =>
  Tensor.fromNumbers(dtype, tensor.dims, tensor.toFloat32());
const half = (dims: readonly number[], seed: number) => narrowed(randomTensor(dims, seed));

function converted(model: Model) {
  const dtypes = () =>
    [...model.scopes()].flatMap((scope) => Array.from(scope.initializers(), ({ initializer }) => initializer?.dtype));
  const before = [kinds(model), dtypes()];
  const result = convertFloat32(model);
  checkModel(result.model);
  expect([kinds(model), dtypes()]).toEqual(before);
  const contract = ({ graph }: Model) => [...graph.inputs, ...graph.outputs].map(({ name, type }) => [name, type]);
  expect(contract(result.model)).toEqual(contract(model));
  return result;
}

/** Small ones, with If, and one whose logarithm of a spectrum is all rounding. */
const SOME = /lenet-5|resnet20|cls_infer|melspec|hey_jarvis|vad_v5|legacy/;
/** ONNX Runtime has float16 kernels for some operators: roundings of 2^-11 through tens of them leave 60 dB. */
const LEAST_SQNR = 60;

describe.each(REAL_MODELS.filter(({ file }) => SOME.test(file)))('$file', (real) => {
  test('there and back: no more Casts than before, outputs as ONNX Runtime computes the float16 model', async () => {
    const original = await loadModel(pathOf(real));
    const { model: narrow } = convertFloat16(original);
    const { model, kept } = converted(narrow);
    expect([...kept]).toEqual([]);
    const casts = (m: Model) => kinds(m).filter((kind) => kind === 'Cast').length;
    expect(casts(model)).toBeLessThanOrEqual(casts(original));
    const feeds = feedsOf(real, 1);
    expect(sqnrDb(await runOnce(model, feeds), await runOnce(narrow, feeds))).toBeGreaterThan(LEAST_SQNR);
  });
});

/** A convolutional network wholly in `dtype`, inputs and outputs too. */
function network(dtype: DType) {
  const g = new GraphBuilder('net', { opset: 21, irVersion: 10 });
  const w = (name: string, dims: number[], seed: number) =>
    g.graph.addInitializer(name, narrowed(randomTensor(dims, seed), dtype));
  const x = g.input('x', dtype, ['n', 2, 6, 6]);
  const h = g.op('Relu', [g.op('Conv', [x, w('a', [4, 2, 3, 3], 1), w('b', [4], 2)], { pads: [1, 1, 1, 1] })]);
  const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [h])]);
  const scale = g.op('Constant', [], { value: Tensor.fromNumbers(dtype, [], [0.3]) });
  const zeros = g.op('ConstantOfShape', [g.op('Shape', [pooled])], { value: Tensor.fromNumbers(dtype, [1], [0.1]) });
  const there = g.op('Cast', [g.op('Mul', [g.op('Add', [pooled, zeros]), scale])], { to: dtypeCode('float32') });
  const back = g.op('Cast', [g.op('Exp', [there])], { to: dtypeCode(dtype) });
  const y = g.op('Gemm', [back, w('c', [4, 3], 3), w('d', [3], 4)]);
  const steps = g.op('Cast', [y], { to: dtypeCode('int32') });
  return g.output(y, 'y', dtype, ['n', 3]).output(pooled, 'pooled', dtype, ['n', 4]).output(steps, 'steps').model();
}

test('a model wholly in float16: one Cast an input, one an output, float32 between', async () => {
  const model = network('float16');
  const { model: wide, widened, kept } = converted(model);
  expect([widened, [...kept]]).toEqual([10, []]);
  expect(kinds(wide)).toEqual(
    'Cast Conv Relu GlobalAveragePool Flatten Cast Shape ConstantOfShape Add Mul Exp Gemm Cast Cast'.split(' '),
  );
  for (const { initializer } of wide.graph.initializers()) expect(initializer!.dtype).toBe('float32');
  for (const n of [1, 3]) {
    const feeds = { x: half([n, 2, 6, 6], n) };
    const [found, expected] = [await runOnce(parseModel(serializeModel(wide)), feeds), await runOnce(model, feeds)];
    expect(found['y']!.dtype).toBe('float16');
    expect(sqnrDb(found, expected)).toBeGreaterThan(LEAST_SQNR);
    expect(sqnrDb(evaluate(wide, feeds), found)).toBeGreaterThan(LEAST_SQNR);
  }
});

test('bfloat16 is widened too, and computes what the evaluator makes of the original but for its roundings', () => {
  const model = network('bfloat16');
  const { model: wide } = converted(model);
  const feeds = { x: narrowed(randomTensor([2, 2, 6, 6], 1), 'bfloat16') };
  const [found, expected] = [wide, model].map((m) => evaluate(m, feeds)['y']!);
  expect(found!.dtype).toBe('bfloat16');
  // A rounding to bfloat16 leaves 52 dB; ten of them somewhat less.
  expect(sqnrDb({ y: found! }, { y: expected! })).toBeGreaterThan(40);
});

test('weights are the same numbers, read when asked for, and known to have been narrow', () => {
  const numbers = [1, -0, 65504, 2 ** -24, Infinity, NaN, 0.1];
  const g = new GraphBuilder('net');
  const stored = Tensor.fromNumbers('float16', [7], numbers);
  g.output(g.op('Add', [g.input('x', 'float16', [7]), g.graph.addInitializer('w', stored)]), 'y', 'float16', [7]);
  const wide = converted(g.model()).model.graph.value('w')!.initializer!;
  expect([...wide.toFloat32()]).toEqual([...stored.toFloat32()]);
  expect(wide.bytes(6, 13)).toEqual(wide.bytes().slice(6, 13));
  expect(narrowForm(wide)).toBe(stored);
  expect(narrowForm(Tensor.of('float32', [7], wide.toFloat32()))).toBeUndefined();
});

test('a model without float16 stays as it is', () => {
  const g = new GraphBuilder('net');
  const model = g.output(g.op('Cast', [g.op('Exp', [g.input('x', 'float32', [2])])], { to: 1 }), 'y').model();
  expect(convertFloat32(model)).toMatchObject({ widened: 0, warnings: [] });
  expect(kinds(convertFloat32(model).model)).toEqual(['Exp', 'Cast']);
});

test('bodies of If and Loop rise with what they capture and hand out', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float16', [3, 4]);
  const w = g.graph.addInitializer('w', half([4, 4], 1));
  const chosen = addIf(g, (graph, name) => {
    const product = graph.add({ op: 'MatMul', inputs: [x, w], outputs: [`${name}_product`] }).output;
    return graph.add({ op: 'Relu', inputs: [product], outputs: [`${name}_out`] }).output;
  });
  for (const body of chosen.producer!.subgraphs())
    for (const value of body.outputs) body.setType(value, tensorType('float16'));
  const node = g.graph.add({
    op: 'Loop',
    inputs: [g.constant(3), g.constant(1, 'bool'), chosen],
    outputs: ['state', 'trace'],
  });
  const body = new Graph('body', { node, attribute: 'body', index: 0 });
  body.addInput('i', tensorType('int64', []));
  const go = body.addInput('go', tensorType('bool', []));
  const state = body.addInput('s', tensorType('float16', [3, 4]));
  const sum = body.add({ op: 'Add', inputs: [state, chosen], outputs: ['sum'] }).output;
  body.addOutput(body.add({ op: 'Identity', inputs: [go], outputs: ['on'] }).output);
  for (const name of ['next', 'seen']) {
    const value = body.add({ op: 'Identity', inputs: [sum], outputs: [name] }).output;
    body.setType(value, tensorType('float16', [3, 4]));
    body.addOutput(value);
  }
  g.graph.setAttribute(node, 'body', attribute.graph(body));
  node.outputs.forEach((value, index) => g.output(value!, `y${index}`, 'float16'));
  const { model } = converted(g.model());
  const casts = [...model.scopes()].map((scope) => [...scope.nodes()].filter(({ op }) => op === 'Cast').length);
  expect(casts).toEqual([3, 0, 0, 0]);
  const feeds = { x: half([3, 4], 3) };
  expect(sqnrDb(await runOnce(model, feeds), await runOnce(g.model(), feeds))).toBeGreaterThan(LEAST_SQNR);
});

test('what is not known keeps its types: other domains, functions, sequences, bits', async () => {
  const body = new Graph('Twice');
  const a = body.addInput('a');
  body.addOutput(body.add({ op: 'Add', inputs: [a, a], outputs: ['b'] }).output);
  const definition = {
    domain: 'own',
    name: 'Twice',
    overload: '',
    body,
    opsets: new Map([['', 17]]),
    origin: undefined,
  };
  const g = new GraphBuilder('net', { domains: { own: 1 } });
  const x = g.input('x', 'float16', [4]);
  const w = g.graph.addInitializer('w', half([4], 1));
  const twice = g.op('Twice', [g.op('Mul', [x, w])], {}, { domain: 'own', name: 'twice' });
  g.graph.setType(twice, tensorType('float16', [4]));
  const list = g.op('SequenceConstruct', [twice, w], {}, { name: 'list' });
  const last = g.op('SequenceAt', [list, g.constant(1)], {}, { name: 'last' });
  g.output(g.op('Add', [last, x]), 'y', 'float16', [4]);
  const model = new Model({ ...g.model(), functions: [definition] });
  const { model: wide, kept } = converted(model);
  expect([...kept]).toEqual([
    ['twice', 'a function, whose body keeps its types'],
    ['list', 'list_out, a sequence of float16'],
    ['last', 'list_out, a sequence of float16'],
  ]);
  const feeds = { x: half([4], 3) };
  expectEqualBits(await runOnce(wide, feeds), await runOnce(model, feeds));
});

test('codes with float16 scales, and blocks of MatMulNBits, compute in float32', async () => {
  const g = new GraphBuilder('net', { opset: 21, irVersion: 10, domains: { 'com.microsoft': 1 } });
  const x = g.input('x', 'float16', [2, 32]);
  const codes = Uint8Array.from({ length: 8 * 16 }, (_, i) => (i * 37) % 256);
  const packed = g.graph.addInitializer('codes', Tensor.of('uint8', [8, 1, 16], codes));
  const attributes = { K: 32, N: 8, bits: 4, block_size: 32 };
  const scales = g.graph.addInitializer('scales', Tensor.fromNumbers('float16', [8], [1, 2, 3, 4, 5, 6, 7, 8]));
  const h = g.op('MatMulNBits', [x, packed, scales], attributes, { domain: 'com.microsoft' });
  const q = g.op('QuantizeLinear', [h, g.constant(0.5, 'float16'), g.constant(3, 'int8')]);
  g.output(g.op('DequantizeLinear', [q, g.constant(0.5, 'float16'), g.constant(3, 'int8')]), 'y', 'float16');
  const { model, kept } = converted(g.model());
  expect([...kept]).toEqual([]);
  expect(kinds(model)).toEqual(['Cast', 'com.microsoft::MatMulNBits', 'QuantizeLinear', 'DequantizeLinear', 'Cast']);
  const feeds = { x: half([2, 32], 3) };
  const [found, expected] = [await runOnce(model, feeds), await runOnce(g.model(), feeds)];
  // The product is not rounded to float16 before it is quantized: a tie may go the other way, one step of 0.5.
  const most = Tensor.fromNumbers('float32', [2, 8], new Array<number>(16).fill(0.5));
  expectWithin(found, expected, { y: most });
});

test('the passes run on what comes out', async () => {
  const { model } = converted(network('float16'));
  const feeds = { x: half([2, 2, 6, 6], 1) };
  const { model: optimised } = runPasses(model, 'default');
  expect(sqnrDb(await runOnce(optimised, feeds), await runOnce(model, feeds))).toBeGreaterThan(LEAST_SQNR);
});
