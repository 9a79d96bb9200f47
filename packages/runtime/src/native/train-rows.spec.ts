import { attribute, GraphBuilder, type Model, type PlainAttribute, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { compileModel } from './compile-model.js';
import { nativeCapabilities, NativeProgram } from './open-native.js';

type Feeds = Readonly<Record<string, Tensor>>;
type Attributes = Readonly<Record<string, PlainAttribute>>;

const DOMAIN = 'gossamer.train';
const builder = () => new GraphBuilder('net', { opset: 21, domains: { [DOMAIN]: 1 } });
const sizeOf = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const waves = (dims: readonly number[], phase = 0) =>
  Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: sizeOf(dims) }, (_, i) => 1.5 * Math.sin(i * 0.7 + phase)),
  );

async function runNatively(model: Model, feeds: Feeds) {
  const plan = compileModel(model, { capabilities: nativeCapabilities() });
  expect(plan.lacking).toEqual([]);
  const wanted = model.graph.outputs.map(({ name }) => name);
  const outputs = await new NativeProgram(plan, model).run(feeds, wanted, { threads: undefined, signal: undefined });
  return { outputs, types: [...plan.model.graph.nodes()].map(({ op }) => op) };
}

/** d/dx of sum(dy * y), y the first output of `model`, by central differences in float64: exact to 1e-9 for functions of order 1. */
function numericGradient(model: Model, feeds: Feeds, name: string, dy: Tensor): Float64Array {
  const wide = Object.fromEntries(
    Object.entries(feeds).map(([key, tensor]) => [
      key,
      tensor.dtype === 'float32' ? Tensor.of('float64', tensor.dims, tensor.toFloat64()) : tensor,
    ]),
  );
  const weights = dy.toFloat64();
  const numbers = feeds[name]!.toFloat64();
  const at = (i: number, value: number) => {
    const moved = Float64Array.from(numbers);
    moved[i] = value;
    const all = { ...wide, [name]: Tensor.of('float64', feeds[name]!.dims, moved) };
    const y = evaluate(model, all, { precision: 'float64' })[model.graph.outputs[0]!.name]!.toFloat64();
    return y.reduce((sum, value, j) => sum + value * weights[j]!, 0);
  };
  const h = 1e-5;
  return numbers.map((value, i) => (at(i, value + h) - at(i, value - h)) / (2 * h));
}

/** Gradients of order 1 out of sums of at most a hundred float32 terms. */
function expectClose(actual: Tensor, expected: ArrayLike<number>): void {
  const got = actual.toFloat64();
  expect(got).toHaveLength(expected.length);
  got.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(5e-6));
}

/** A graph of `op` on inputs like `feeds`, and the same with a gradient node behind it. */
function forward(op: string, feeds: Feeds, attributes: Attributes, outputs = 1) {
  const g = builder();
  const inputs = Object.entries(feeds).map(([name, { dtype, dims }]) => g.input(name, dtype, dims));
  return { g, inputs, results: g.ops(op, inputs, attributes, { outputs }) };
}

test.each(['Softmax', 'LogSoftmax'])('%sGrad is the gradient of the operator along any axis', async (op) => {
  for (const axis of [-1, 1]) {
    const [feeds, dy] = [{ x: waves([2, 5, 3]) }, waves([2, 5, 3], 2)];
    const plain = forward(op, feeds, { axis });
    const expected = numericGradient(plain.g.output(plain.results[0]!).model(), feeds, 'x', dy);
    const { g, results } = forward(op, feeds, { axis });
    const given = g.input('dy', 'float32', [2, 5, 3]);
    const dx = g.op(`${op}Grad`, [given, results[0]!], { axis }, { domain: DOMAIN });
    const { outputs } = await runNatively(g.output(dx, 'dx').model(), { ...feeds, dy });
    expectClose(outputs['dx']!, expected);
  }
});

test.each([
  // Of [4, 1] the engine would take one number a column, where the standard has one a row.
  { x: [4, 4], axis: 1, scale: [4, 1], isThere: false },
  { x: [2, 3, 4], axis: 1, scale: [4], isThere: false },
  { x: [2, 3, 4], axis: 1, scale: [3, 4], isThere: true },
  { x: [2, 1, 4], axis: -2, scale: [4], isThere: true },
  { x: [2, 3, 4], axis: -1, scale: [1, 1, 4], isThere: true },
])('normalization of $x from axis $axis by a scale $scale', async ({ x, axis, scale, isThere }) => {
  const feeds = { x: waves(x), scale: waves(scale, 1) };
  const { g, inputs, results } = forward('LayerNormalization', feeds, { axis }, 3);
  const model = g.output(results[0]!, 'y').model();
  const expected = evaluate(model, feeds)['y']!.toFloat64();
  if (isThere) expectClose((await runNatively(model, feeds)).outputs['y']!, expected);
  const operands = [results[0]!, ...inputs, ...results.slice(1)];
  g.output(g.op('LayerNormGrad', operands, { axis }, { domain: DOMAIN }), 'dx');
  const { lacking } = compileModel(g.model(), { capabilities: nativeCapabilities() });
  const operators = ['LayerNormalization', 'gossamer.train::LayerNormGrad'];
  const refused = operators.map((operator) => [operator, 'a scale that is broadcast']);
  expect(lacking.map(({ operator, reason }) => [operator, reason])).toEqual(isThere ? [] : refused);
});

test('LayerNormGrad is the gradient of LayerNormalization with respect to its data, scale and bias', async () => {
  const feeds = { x: waves([3, 2, 5]), scale: waves([2, 5], 1), bias: waves([2, 5], 3) };
  const [attributes, dy] = [{ axis: 1, epsilon: attribute.float(1e-3) }, waves([3, 2, 5], 2)];
  const plain = forward('LayerNormalization', feeds, attributes);
  const reference = plain.g.output(plain.results[0]!).model();
  const { g, inputs, results } = forward('LayerNormalization', feeds, attributes, 3);
  const operands = [g.input('dy', 'float32', [3, 2, 5]), inputs[0]!, inputs[1]!, results[1]!, results[2]!];
  const gradients = g.ops('LayerNormGrad', operands, { axis: 1 }, { domain: DOMAIN, outputs: 3 });
  ['dx', 'dscale', 'dbias'].forEach((name, i) => g.output(gradients[i]!, name));
  const { outputs } = await runNatively(g.model(), { ...feeds, dy });
  for (const name of ['x', 'scale', 'bias'] as const) {
    expectClose(outputs[`d${name}`]!, numericGradient(reference, feeds, name, dy));
    expect(outputs[`d${name}`]!.dims).toEqual(feeds[name].dims);
  }
});

/** sum(w * l) / sum(w), l = (1 - s) * -log p[label] + s * mean(-log p), in operators of the standard. */
function crossEntropyModel(dims: readonly number[], smoothing: number): Model {
  const g = builder();
  const [n, classes, ...rest] = dims;
  const x = g.input('x', 'float32', dims);
  const [labels, w] = [g.input('labels', 'int64', [n!, ...rest]), g.input('w', 'float32', [n!, ...rest])];
  const logProb = g.op('LogSoftmax', [x], { axis: 1 });
  const hot = g.op('OneHot', [labels, g.constant(classes!), g.constant([0, 1], 'float32')], { axis: 1 });
  const scalar = (value: number) => g.constant(value, 'float32');
  const target = g.op('Add', [g.op('Mul', [hot, scalar(1 - smoothing)]), scalar(smoothing / classes!)]);
  const each = g.op('ReduceSum', [g.op('Mul', [logProb, target]), g.constant([1])], { keepdims: 0 });
  const sum = (value: Value) => g.op('ReduceSum', [value], { keepdims: 0 });
  const loss = g.op('Neg', [g.op('Div', [sum(g.op('Mul', [each, w])), sum(w)])]);
  return g.output(loss, 'loss').model();
}

test('SoftmaxCrossEntropy and its gradient, of rows and of images, with weights and smoothing', async () => {
  for (const [dims, smoothing] of [
    [[6, 4], 0],
    [[2, 5, 3], 0.2],
  ] as const) {
    const positions = dims.filter((_, axis) => axis !== 1);
    const labels = Tensor.fromNumbers(
      'int64',
      positions,
      Array.from({ length: 6 }, (_, i) => (i * 5 + 2) % dims[1]),
    );
    const w = Tensor.of('float32', positions, Float32Array.of(1, 0.5, 0, 2, 1, 0));
    const feeds = { x: waves(dims), labels, w };
    const attributes = { label_smoothing: attribute.float(smoothing) };
    const reference = crossEntropyModel(dims, smoothing);

    const g = builder();
    const [x, y, weights] = [
      g.input('x', 'float32', dims),
      g.input('labels', 'int64', positions),
      g.input('w', 'float32', positions),
    ];
    const [loss, logProb] = g.ops('SoftmaxCrossEntropy', [x, y, weights], attributes, { domain: DOMAIN, outputs: 2 });
    const dloss = g.constant(3, 'float32');
    const dx = g.op('SoftmaxCrossEntropyGrad', [dloss, logProb, y, weights], attributes, { domain: DOMAIN });
    const { outputs } = await runNatively(g.output(loss!, 'loss').output(dx, 'dx').model(), feeds);
    expect(outputs['loss']!.dims).toEqual([]);
    expectClose(outputs['loss']!, evaluate(reference, feeds)['loss']!.toFloat64());
    expectClose(outputs['dx']!, numericGradient(reference, feeds, 'x', Tensor.scalar('float32', 3)));
  }
});

test('a label that names no class is refused', async () => {
  const g = builder();
  const [x, y, w] = [g.input('x', 'float32', [2, 3]), g.input('labels', 'int64', [2]), g.input('w', 'float32', [2])];
  const model = g.output(g.op('SoftmaxCrossEntropy', [x, y, w], {}, { domain: DOMAIN }), 'loss').model();
  const feeds = { x: waves([2, 3]), labels: Tensor.fromNumbers('int64', [2], [0, 3]), w: waves([2]) };
  await expect(runNatively(model, feeds)).rejects.toMatchObject({ code: 'ERR_ENGINE_VALUE' });
});

/** Standard operators, the name of their gradient, and whether that reads the result. */
const ACTIVATIONS: readonly [op: string, activation: string, byResult: boolean, attributes: Attributes][] = [
  ['Relu', 'relu', true, {}],
  ['LeakyRelu', 'leaky', false, { alpha: 0.125 }],
  ['Sigmoid', 'sigmoid', true, {}],
  ['Tanh', 'tanh', true, {}],
  ['Gelu', 'gelu', false, {}],
  ['Gelu', 'gelu_tanh', false, { approximate: 'tanh' }],
  ['HardSigmoid', 'hard_sigmoid', false, { alpha: 0.25, beta: 0.5 }],
  ['HardSwish', 'hard_swish', false, {}],
  ['Elu', 'elu', false, { alpha: 0.75 }],
  ['Softplus', 'softplus', false, {}],
  ['Mish', 'mish', false, {}],
  ['Erf', 'erf', false, {}],
];

test.each(ACTIVATIONS)('ActivationGrad of %s (%s)', async (op, activation, byResult, attributes) => {
  const [feeds, dy] = [{ x: waves([4, 10], 0.3) }, waves([4, 10], 2)];
  const plain = forward(op, feeds, attributes);
  const expected = numericGradient(plain.g.output(plain.results[0]!).model(), feeds, 'x', dy);
  const { g, inputs, results } = forward(op, feeds, attributes);
  const own = {
    activation,
    ...(attributes['alpha'] === undefined ? {} : { activation_alpha: attributes['alpha'] }),
    ...(attributes['beta'] === undefined ? {} : { activation_beta: attributes['beta'] }),
  };
  const operands = [g.input('dy', 'float32', [4, 10]), byResult ? results[0]! : inputs[0]!];
  const model = g.output(g.op('ActivationGrad', operands, own, { domain: DOMAIN }), 'dx').model();
  expectClose((await runNatively(model, { ...feeds, dy })).outputs['dx']!, expected);
});

test('ActivationGrad and SoftmaxGrad follow a convolution with channels last', async () => {
  const g = builder();
  const x = g.input('x', 'float32', [1, 2, 4, 4]);
  const [w, dy] = [
    g.weight('w', [3, 2, 1, 1], waves([3, 2, 1, 1], 1).toFloat32()),
    g.input('dy', 'float32', [1, 3, 4, 4]),
  ];
  const y = g.op('Softmax', [g.op('Conv', [x, w])], { axis: 1 });
  const grad = g.op('SoftmaxGrad', [dy, y], { axis: 1 }, { domain: DOMAIN });
  const back = g.op('Conv', [
    g.op('ActivationGrad', [grad, y], { activation: 'relu' }, { domain: DOMAIN }),
    g.op('Transpose', [w], { perm: [1, 0, 2, 3] }),
  ]);
  const feeds = { x: waves([1, 2, 4, 4]), dy: waves([1, 3, 4, 4], 2) };
  const { outputs, types } = await runNatively(g.output(back, 'dx').model(), feeds);
  const plain = forward('Conv', { x: feeds.x, w: waves([3, 2, 1, 1], 1) }, {});
  const reference = plain.g.output(plain.g.op('Softmax', plain.results, { axis: 1 })).model();
  const expected = numericGradient(reference, { x: feeds.x, w: waves([3, 2, 1, 1], 1) }, 'x', feeds.dy);
  expectClose(outputs['dx']!, expected);
  expect(types.filter((type) => type === 'Transpose')).toHaveLength(3);
});

test('GatherGrad is the gradient of Gather where indices repeat', async () => {
  const indices = Tensor.fromNumbers('int64', [2, 3], [1, -1, 1, 0, 1, 3]);
  const [x, dy] = [waves([2, 4, 3]), waves([2, 2, 3, 3], 2)];
  const plain = forward('Gather', { x, indices }, { axis: 1 });
  const expected = numericGradient(plain.g.output(plain.results[0]!).model(), { x, indices }, 'x', dy);
  const g = builder();
  const operands = [g.input('dy', 'float32', dy.dims), g.input('indices', 'int64', [2, 3])];
  const dx = g.op('GatherGrad', operands, { axis: 1, size: 4 }, { domain: DOMAIN });
  const { outputs } = await runNatively(g.output(dx, 'dx').model(), { dy, indices });
  expect(outputs['dx']!.dims).toEqual([2, 4, 3]);
  expectClose(outputs['dx']!, expected);
});
