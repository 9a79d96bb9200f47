import { GraphBuilder } from '../../builder.js';
import { attribute } from '../../ir/attribute.js';
import { Graph } from '../../ir/graph.js';
import type { Model } from '../../ir/model.js';
import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
import { tensorType } from '../../ir/value-type.js';
import { loadModel, serializeModel } from '../../onnx/index.js';
import { addIf } from '../testing/add-if.js';
import { checkModel, kinds } from '../testing/check-pass.js';
import { sqnrDb } from '../testing/compare.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';
import { feedsOf, pathOf, REAL_MODELS } from '../testing/real-models.js';
import { convertFloat16, type Float16Options } from './convert-float16.js';

/** One rounding to float16 (2^-11 relative) leaves 70 dB; a hundred independent ones 50, an ill-conditioned head some less. */
const LEAST_SQNR = 40;

async function converted(model: Model, feeds: Record<string, Tensor>, options: Float16Options = {}) {
  const result = convertFloat16(model, options);
  checkModel(result.model);
  const contract = ({ graph }: Model) => [...graph.inputs, ...graph.outputs].map(({ name, type }) => [name, type]);
  expect(contract(result.model)).toEqual(contract(model));
  const quality = sqnrDb(await runOnce(result.model, feeds), await runOnce(model, feeds));
  expect(quality).toBeGreaterThan(LEAST_SQNR);
  return result;
}

/** It takes the logarithm of a spectrum times 2^20: what float16 rounds off the spectrum is heard. */
const LOGARITHMIC = 'silero_vad_legacy.onnx';

describe.each(REAL_MODELS)('$file', (real) => {
  test('takes half the bytes and says the same', async () => {
    const model = await loadModel(pathOf(real));
    const isSpectrum = ({ graph }: Node) => [...graph.nodes()].some(({ op }) => op === 'Log');
    const options = real.file.endsWith(LOGARITHMIC) ? { keep: isSpectrum } : {};
    const { model: half } = await converted(model, feedsOf(real, 1), options);
    const ratio = serializeModel(model).byteLength / serializeModel(half).byteLength;
    expect(ratio).toBeGreaterThan(options.keep ? 1.3 : 1.85);
  });
});

test('borders are cast once, weights stored in float16', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const a = g.op('MatMul', [x, g.graph.addInitializer('w', randomTensor([4, 6], 1))], {}, { name: 'a' });
  const b = g.op('MatMul', [x, g.graph.addInitializer('v', randomTensor([4, 6], 2))], {}, { name: 'b' });
  g.output(g.op('Add', [a, b]), 'y', 'float32', ['n', 6]);
  const { model, kept } = await converted(g.model(), { x: randomTensor([3, 4], 3) });
  expect(kinds(model)).toEqual(['Cast', 'MatMul', 'MatMul', 'Add', 'Cast']);
  expect([...model.graph.initializers()].map(({ initializer }) => initializer!.dtype)).toEqual(['float16', 'float16']);
  expect([...kept]).toEqual([]);
});

test('a mask beyond float16 stays in float32 up to its Softmax', async () => {
  const g = new GraphBuilder('net');
  const scores = g.op(
    'MatMul',
    [g.input('x', 'float32', [3, 4]), g.graph.addInitializer('w', randomTensor([4, 4], 1))],
    {},
    { name: 'scores' },
  );
  const mask = g.graph.addInitializer('mask', Tensor.fromNumbers('float32', [4], [0, -1e9, 0, -1e9]));
  const weights = g.op('Softmax', [g.op('Add', [scores, mask], {}, { name: 'masked' })], {}, { name: 'weights' });
  g.output(g.op('MatMul', [weights, g.graph.addInitializer('v', randomTensor([4, 4], 2))], {}, { name: 'mix' }), 'y');
  const { kept } = await converted(g.model(), { x: randomTensor([3, 4], 3) });
  expect([...kept]).toEqual([
    ['masked', 'mask holds numbers that may pass 65504'],
    ['weights', 'masked_out holds numbers that may pass 65504'],
  ]);
});

test('what a tiny constant keeps from 0 stays in float32 until it is divided by', async () => {
  const g = new GraphBuilder('net');
  const x = g.op('Relu', [g.input('x', 'float32', [3, 4])], {}, { name: 'relu' });
  const root = g.op('Sqrt', [g.op('Add', [x, g.constant(1e-9, 'float32')], {}, { name: 'add' })], {}, { name: 'sqrt' });
  const y = g.op('Min', [g.op('Div', [x, root], {}, { name: 'div' }), g.constant(2, 'float32')], {}, { name: 'min' });
  const { kept } = await converted(g.output(y, 'y').model(), { x: randomTensor([3, 4], 3) });
  expect([...kept.keys()]).toEqual(['add', 'sqrt', 'div']);
});

test('ranges make an island where a value overflows, and free what they show to be small', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [3, 4]);
  const large = g.op(
    'MatMul',
    [x, g.graph.addInitializer('w', Tensor.fromNumbers('float32', [4, 4], new Array<number>(16).fill(5e4)))],
    {},
    { name: 'large' },
  );
  const small = g.op('Mul', [large, g.constant(1e-4, 'float32')], {}, { name: 'small' });
  g.output(g.op('Exp', [g.op('Tanh', [small])], {}, { name: 'exp' }), 'y');
  const feeds = { x: randomTensor([3, 4], 3) };
  const largest = new Map([
    ['large_out', 3e5],
    ['small_out', 30],
    ['y', 2.8],
  ]);
  const { kept } = await converted(g.model(), feeds, { largest });
  expect([...kept.keys()]).toEqual(['large', 'small']);
  const blind = convertFloat16(g.model());
  expect(blind.kept.get('exp')).toBe('Exp may pass 65504');
});

test('branches compute in float16 too, and hand out float32', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [3, 4]);
  const w = g.graph.addInitializer('w', randomTensor([4, 4], 1));
  const y = addIf(g, (graph, name) => {
    const product = graph.add({ op: 'MatMul', inputs: [x, w], outputs: [`${name}_product`] }).output;
    return graph.add({ op: 'Relu', inputs: [product], outputs: [`${name}_out`] }).output;
  });
  g.output(y, 'y', 'float32', [3, 4]);
  const { model } = await converted(g.model(), { x: randomTensor([3, 4], 3) });
  expect(kinds(model)).toEqual(['Cast', 'If', 'MatMul', 'Relu', 'Cast', 'MatMul', 'Relu', 'Cast']);
});

test('integers that become floats may be large; what is asked for stays too', async () => {
  const g = new GraphBuilder('net');
  const ids = g.input('ids', 'int64', [4]);
  const floats = g.op('Cast', [ids], { to: attribute.int(1) }, { name: 'cast' });
  const wave = g.op(
    'Tanh',
    [g.op('Mul', [floats, g.constant(1e-5, 'float32')], {}, { name: 'mul' })],
    {},
    { name: 'tanh' },
  );
  g.output(g.op('Neg', [wave], {}, { name: 'neg' }), 'y');
  const feeds = { ids: Tensor.fromNumbers('int64', [4], [1, 70_001, 3, 100_000]) };
  const { kept } = await converted(g.model(), feeds, { keep: ({ name }) => name === 'neg' });
  expect([...kept]).toEqual([
    ['cast', 'Cast has no float16 form here'],
    ['mul', 'cast_out holds numbers that may pass 65504'],
    ['tanh', 'mul_out holds numbers that may pass 65504'],
    ['neg', 'kept as asked'],
  ]);
});

test('what the branches of an If hand out beyond float16 stays in float32 up to the Softmax behind it', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [3, 4]);
  const mask = g.graph.addInitializer('mask', Tensor.fromNumbers('float32', [4], [0, -1e9, 0, -1e9]));
  const chosen = addIf(
    g,
    (graph, name) => graph.add({ op: 'Neg', name, inputs: [mask], outputs: [`${name}_out`] }).output,
  );
  const masked = g.op('Sub', [x, chosen], {}, { name: 'masked' });
  const weights = g.op('Softmax', [masked], {}, { name: 'weights' });
  g.output(g.op('MatMul', [weights, g.graph.addInitializer('v', randomTensor([4, 4], 2))], {}, { name: 'mix' }), 'y');
  const { kept } = await converted(g.model(), { x: randomTensor([3, 4], 3) });
  expect([...kept].map(([name, reason]) => [name.split('/').at(-1), reason])).toEqual([
    ['masked', 'if_out holds numbers that may pass 65504'],
    ['weights', 'masked_out holds numbers that may pass 65504'],
    ['then_branch', 'mask holds numbers that may pass 65504'],
    ['else_branch', 'mask holds numbers that may pass 65504'],
  ]);
});

test('a state that starts, or becomes, large stays in float32 round the Loop and behind it', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [4]);
  const start = g.constant([1, 1, 1, 1], 'float32');
  const node = g.graph.add({ op: 'Loop', inputs: [g.constant(3), g.constant(1, 'bool'), start], outputs: ['last'] });
  const body = new Graph('body', { node, attribute: 'body', index: 0 });
  body.addInput('i', tensorType('int64', []));
  const go = body.addInput('go', tensorType('bool', []));
  const state = body.addInput('state', tensorType('float32', [4]));
  const large = g.graph.addInitializer('large', Tensor.fromNumbers('float32', [4], [1e6, 2e6, 3e6, 4e6]));
  const halved = body.add({ op: 'Mul', name: 'halved', inputs: [state, start], outputs: ['halved_out'] }).output;
  const next = body.add({ op: 'Add', name: 'next', inputs: [halved, large], outputs: ['next_out'] }).output;
  body.addOutput(body.add({ op: 'Identity', inputs: [go], outputs: ['on'] }).output);
  body.setType(next, tensorType('float32', [4]));
  body.addOutput(next);
  g.graph.setAttribute(node, 'body', attribute.graph(body));
  const shifted = g.op('Sub', [x, node.output], {}, { name: 'shifted' });
  g.output(g.op('Sigmoid', [g.op('Div', [shifted, large], {}, { name: 'ratio' })], {}, { name: 'gate' }), 'y');
  const { kept } = await converted(g.model(), { x: randomTensor([4], 3) });
  expect([...kept.keys()].map((name) => name.split('/').at(-1))).toEqual([
    'shifted',
    'ratio',
    'gate',
    'halved',
    'next',
  ]);
});

test('the operators of a transformer of opset 24: RMSNormalization, RotaryEmbedding, Attention, Swish', async () => {
  const g = new GraphBuilder('net', { opset: 24, irVersion: 12 });
  const x = g.input('x', 'float32', [2, 3, 16]);
  const weight = (dims: number[], seed: number) => g.graph.addInitializer('w', randomTensor(dims, seed));
  const normal = g.op('RMSNormalization', [x, weight([16], 1)]);
  const [q, k, v] = [2, 3, 4].map((seed) => g.op('MatMul', [normal, weight([16, 16], seed)]));
  const places = g.constant([0, 1, 2, 0, 1, 2], 'int64', [2, 3]);
  const turned = [q!, k!].map((value, i) =>
    g.op('RotaryEmbedding', [value, weight([4, 4], 5 + i), weight([4, 4], 7), places], { num_heads: 2 }),
  );
  const mixed = g.op('Attention', [...turned, v], { q_num_heads: 2, kv_num_heads: 2, is_causal: 1 });
  g.output(g.op('Swish', [g.op('MatMul', [mixed, weight([16, 16], 9)])]), 'y', 'float32', [2, 3, 16]);
  const { kept, model } = await converted(g.model(), { x: randomTensor([2, 3, 16], 3) });
  expect([...kept]).toEqual([]);
  expect(kinds(model).filter((kind) => kind === 'Cast')).toHaveLength(2);
});
