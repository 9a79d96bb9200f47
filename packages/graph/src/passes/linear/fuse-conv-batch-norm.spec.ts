import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import { attribute } from '../../ir/attribute.js';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { runPasses } from '../run-passes.js';
import { absoluteBound, mapFloats } from '../testing/absolute-bound.js';
import { addIf } from '../testing/add-if.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

const PASS = ['fuse-conv-batch-norm'];

/** A normalization over `channels`; the variance is positive. */
function normalise(g: GraphBuilder, x: Value, channels: number): Value {
  const parameter = (name: string, seed: number) => g.graph.addInitializer(name, randomTensor([channels], seed));
  const variance = mapFloats(randomTensor([channels], 4), (v) => v * v + 0.1);
  const inputs = [x, parameter('scale', 1), parameter('shift', 2), parameter('mean', 3)];
  return g.op('BatchNormalization', [...inputs, g.graph.addInitializer('variance', variance)], {
    epsilon: attribute.float(1e-5),
  });
}

/** The bound the pass states: (2k+8)·2^-24·(f·(Σ|w·x| + |b| + |mean|) + |B|). */
const bounds = (original: Model, feeds: Record<string, Tensor>, k: number) =>
  absoluteBound(original, feeds, (2 * k + 8) * 2 ** -24);

async function check(model: Model, feeds: readonly Record<string, Tensor>[], k: number): Promise<Model> {
  const { model: fused, applied } = applyPasses(model, PASS);
  expect(applied).toHaveLength(1);
  for (const fed of feeds) {
    const bound = bounds(model, fed, k);
    expectWithin(evaluate(fused, fed), evaluate(model, fed), bound);
    expectWithin(await runOnce(fused, fed), await runOnce(model, fed), bound);
  }
  return fused;
}

const images = [1, 3].map((n) => ({ x: randomTensor([n, 4, 5, 5], n) }));

test.each([7, 9, 14, 17])('opset %i: Conv takes over scale, shift and output name', async (opset) => {
  const g = new GraphBuilder('net', { opset });
  const x = g.input('x', 'float32', ['n', 4, 5, 5]);
  const w = g.graph.addInitializer('w', randomTensor([6, 2, 3, 3], 9));
  const b = g.graph.addInitializer('b', randomTensor([6], 8));
  const hidden = g.op('Conv', [x, w, b], { group: 2, pads: [1, 1, 1, 1] }, { name: 'conv' });
  g.output(normalise(g, hidden, 6), 'y', 'float32', ['n', 6, 5, 5]);
  const fused = await check(g.model(), images, 18);
  expect(kinds(fused)).toEqual(['Conv']);
  const conv = [...fused.graph.nodes()][0]!;
  expect([conv.name, ...conv.inputs.map(String), conv.output.name]).toEqual(['conv', 'x', 'w', 'b', 'y']);
});

test('a Conv without bias gets one; ConvTranspose with groups scales its second axis', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4, 5, 5]);
  const w = g.graph.addInitializer('w', randomTensor([4, 3, 2, 2], 9));
  g.output(normalise(g, g.op('ConvTranspose', [x, w], { group: 2, strides: [2, 2] }), 6), 'y', 'float32', [
    'n',
    6,
    10,
    10,
  ]);
  const fused = await check(g.model(), images, 8);
  expect(kinds(fused)).toEqual(['ConvTranspose']);
  expect([...fused.graph.nodes()][0]!.inputs).toHaveLength(3);
});

test.each([0, 1])('Gemm with alpha, beta and transB = %i', async (transB) => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const w = g.graph.addInitializer('w', randomTensor(transB ? [6, 4] : [4, 6], 9));
  const c = g.graph.addInitializer('c', randomTensor([1], 8));
  const attributes = { transB, alpha: attribute.float(0.5), beta: attribute.float(1.5) };
  g.output(normalise(g, g.op('Gemm', [x, w, c], attributes), 6), 'y', 'float32', ['n', 6]);
  const fused = await check(
    g.model(),
    [1, 3].map((n) => ({ x: randomTensor([n, 4], n) })),
    // 4 products, and one with alpha or beta.
    5,
  );
  expect(kinds(fused)).toEqual(['Gemm']);
});

test('a MatMul of two matrices becomes a Gemm; one normalization after another', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const product = g.op('MatMul', [x, g.graph.addInitializer('w', randomTensor([4, 6], 9))]);
  g.output(normalise(g, product, 6), 'y', 'float32', ['n', 6]);
  const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));
  expect(kinds(await check(g.model(), feeds, 4))).toEqual(['Gemm']);
  const twice = new GraphBuilder('net');
  const image = twice.input('x', 'float32', ['n', 4, 5, 5]);
  const conv = twice.op('Conv', [image, twice.graph.addInitializer('w', randomTensor([4, 1, 3, 3], 9))], { group: 4 });
  twice.output(normalise(twice, normalise(twice, conv, 4), 4), 'y', 'float32', ['n', 4, 3, 3]);
  // Each of the two fusions adds what the bound says.
  expect(kinds(await check(twice.model(), images, 9 + 17))).toEqual(['Conv']);
});

test('a weight that another layer reads is cloned, and that layer keeps it', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4, 5, 5]);
  const w = g.graph.addInitializer('w', randomTensor([4, 4, 1, 1], 9));
  g.output(normalise(g, g.op('Conv', [x, w]), 4), 'y', 'float32', ['n', 4, 5, 5]);
  g.output(g.op('Conv', [x, w]), 'z', 'float32', ['n', 4, 5, 5]);
  const fused = await check(g.model(), images, 4);
  expect(kinds(fused)).toEqual(['Conv', 'Conv']);
  expect(fused.graph.value('w')!.initializer!.hash()).toBe(randomTensor([4, 4, 1, 1], 9).hash());
});

test('inside a branch, with weights of the scope around it', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4, 5, 5]);
  const w = g.graph.addInitializer('w', randomTensor([4, 4, 1, 1], 9));
  const parameters = ['scale', 'shift', 'mean'].map((name, seed) =>
    g.graph.addInitializer(name, randomTensor([4], seed)),
  );
  const variance = g.constant([0.5, 1, 2, 3], 'float32');
  const y = addIf(g, (graph, name) => {
    const conv = graph.add({ op: 'Conv', inputs: [x, w], outputs: [`${name}_conv`] }).output;
    const inputs = [conv, ...parameters, variance];
    return graph.add({ op: 'BatchNormalization', inputs, outputs: [`${name}_out`] }).output;
  });
  g.output(y, 'y', 'float32', ['n', 4, 5, 5]);
  expect(kinds(await check(g.model(), images, 4))).toEqual(['If', 'Conv', 'Conv']);
});

test('not fused: a result that others read, a weight that is an input, training mode', () => {
  const build = (change: 'read' | 'input' | 'training') => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', 4, 5, 5]);
    const w =
      change === 'input'
        ? g.input('w', 'float32', [4, 4, 1, 1])
        : g.graph.addInitializer('w', randomTensor([4, 4, 1, 1], 9));
    const hidden = g.op('Conv', [x, w]);
    const y = normalise(g, hidden, 4);
    if (change === 'training') g.graph.setAttribute(y.producer!, 'training_mode', attribute.int(1));
    g.output(y, 'y');
    if (change === 'read') g.output(g.op('Relu', [hidden]), 'z');
    return g.model();
  };
  for (const change of ['read', 'input', 'training'] as const) {
    expect(runPasses(build(change), PASS).applied).toEqual([]);
  }
});

test.each([
  ['float16', 2 ** -11],
  ['float64', 2 ** -53],
] as const)('%s: constants are made in float64 and rounded once', (dtype, u) => {
  const g = new GraphBuilder('net');
  const x = g.input('x', dtype, ['n', 4, 5, 5]);
  const constant = (tensor: Tensor) => g.constant([...tensor.toFloat64()], dtype, tensor.dims);
  const [w, scale, shift, mean] = [
    constant(randomTensor([4, 1, 3, 3], 9)),
    ...[1, 2, 3].map((seed) => constant(randomTensor([4], seed))),
  ];
  const variance = g.constant([0.5, 1, 2, 3], dtype);
  const conv = g.op('Conv', [x, w], { group: 4 });
  const model = g.output(g.op('BatchNormalization', [conv, scale, shift, mean, variance]), 'y').model();
  const { model: fused } = applyPasses(model, PASS);
  expect(kinds(fused)).toEqual(['Conv']);
  // All numbers lie in [-1, 1] and f <= 1 / sqrt(0.5): the bracket of the bound is at most f·(9 + 1) + 1.
  const most = (2 * 9 + 8) * u * (Math.SQRT2 * 10 + 1);
  for (const n of [1, 3]) {
    const data = randomTensor([n, 4, 5, 5], n);
    const feeds = { x: Tensor.fromNumbers(dtype, data.dims, data.toFloat64()) };
    const y = Tensor.of('float64', [n, 4, 3, 3], new Float64Array(n * 36).fill(most));
    expectWithin(evaluate(fused, feeds), evaluate(model, feeds), { y });
  }
});
