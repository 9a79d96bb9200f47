import { attribute, GraphBuilder, type Model, type PlainAttribute, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { compileModel } from './compile-model.js';
import { nativeCapabilities, NativeProgram } from './open-native.js';

type Feeds = Readonly<Record<string, Tensor>>;
type Attributes = Readonly<Record<string, PlainAttribute>>;

const DOMAIN = 'gossamer.train';
const EPSILON = 1e-3;
const builder = () => new GraphBuilder('net', { opset: 21, domains: { [DOMAIN]: 1 } });
const sizeOf = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
/** Distinct numbers, none closer to another than what differences move them by. */
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
  return { outputs, nodes: [...plan.model.graph.nodes()] };
}

/** d/d`name` of sum(dy * y), y the first output of `model`, by central differences in float64: exact to 1e-8 for functions of order 1. */
function numericGradient(model: Model, feeds: Feeds, name: string, dy: Tensor): Float64Array {
  const wide = Object.fromEntries(
    Object.entries(feeds).map(([key, tensor]) => [key, Tensor.of('float64', tensor.dims, tensor.toFloat64())]),
  );
  const weights = dy.toFloat64();
  const numbers = feeds[name]!.toFloat64();
  const at = (i: number, value: number) => {
    const all = { ...wide, [name]: Tensor.of('float64', feeds[name]!.dims, numbers.with(i, value)) };
    const y = evaluate(model, all, { precision: 'float64' })[model.graph.outputs[0]!.name]!.toFloat64();
    return y.reduce((sum, value, j) => sum + value * weights[j]!, 0);
  };
  const h = 1e-5;
  return numbers.map((value, i) => (at(i, value + h) - at(i, value - h)) / (2 * h));
}

/** Results of order 1 out of sums of at most a hundred float32 terms. */
function expectClose(actual: Tensor, expected: ArrayLike<number>): void {
  const got = actual.toFloat64();
  expect(got).toHaveLength(expected.length);
  got.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-5));
}

type Epilogue = 'none' | 'Relu' | 'Clip';
const CLIP = { activation_alpha: attribute.float(-0.5), activation_beta: attribute.float(0.75) };

function activated(g: GraphBuilder, y: Value, epilogue: Epilogue): Value {
  if (epilogue === 'none') return y;
  const bounds = [-0.5, 0.75].map((bound) => g.constant(bound, 'float32'));
  return g.op(epilogue, epilogue === 'Clip' ? [y, ...bounds] : [y]);
}

/** y, mean, variance and inverse deviation in operators of the standard. */
function standardBatchNorm(dims: readonly number[], epilogue: Epilogue): Model {
  const g = builder();
  const [x, scale, bias] = [
    g.input('x', 'float32', dims),
    ...['scale', 'bias'].map((name) => g.input(name, 'float32', [dims[1]!])),
  ] as [Value, Value, Value];
  const axes = g.constant(dims.flatMap((_, axis) => (axis === 1 ? [] : [axis])));
  const column = g.constant([-1, ...dims.slice(2).map(() => 1)]);
  const mean = g.op('ReduceMean', [x, axes]);
  const centred = g.op('Sub', [x, mean]);
  const variance = g.op('ReduceMean', [g.op('Mul', [centred, centred]), axes]);
  const sum = g.op('Add', [variance, g.constant(EPSILON, 'float32')]);
  const inverse = g.op('Reciprocal', [g.op('Sqrt', [sum])]);
  const normal = g.op('Mul', [centred, inverse]);
  const scaled = g.op('Mul', [normal, g.op('Reshape', [scale, column])]);
  g.output(activated(g, g.op('Add', [scaled, g.op('Reshape', [bias, column])]), epilogue), 'y');
  for (const [name, value] of Object.entries({ mean, variance, inverse })) {
    g.output(g.op('Reshape', [value, g.constant([-1])]), name);
  }
  return g.model();
}

/** The same as a BatchNormTrain, its gradients beside it. */
function batchNormGraph(dims: readonly number[], epilogue: Epilogue): Model {
  const g = builder();
  const [x, dy] = [g.input('x', 'float32', dims), g.input('dy', 'float32', dims)];
  const [scale, bias] = [g.input('scale', 'float32', [dims[1]!]), g.input('bias', 'float32', [dims[1]!])];
  const epsilon = { epsilon: attribute.float(EPSILON) };
  const [y, mean, variance, inverse] = g.ops('BatchNormTrain', [x, scale, bias], epsilon, {
    domain: DOMAIN,
    outputs: 4,
  }) as [Value, Value, Value, Value];
  const result = activated(g, y, epilogue);
  let gradient = dy;
  if (epilogue !== 'none') {
    const attributes = epilogue === 'Relu' ? { activation: 'relu' } : { activation: 'clip', ...CLIP };
    gradient = g.op('ActivationGrad', [dy, epilogue === 'Relu' ? result : y], attributes, { domain: DOMAIN });
  }
  const gradients = g.ops('BatchNormGrad', [gradient, x, scale, mean, inverse], {}, { domain: DOMAIN, outputs: 3 });
  g.output(result, 'y');
  for (const [name, value] of Object.entries({ mean, variance, inverse })) g.output(value, name);
  ['dx', 'dscale', 'dbias'].forEach((name, i) => g.output(gradients[i]!, name));
  return g.model();
}

test.each<[Epilogue, readonly number[]]>([
  ['none', [6, 3]],
  ['Relu', [6, 3]],
  ['Clip', [3, 2, 5]],
  ['none', [2, 3, 3, 2]],
  ['Relu', [2, 3, 3, 2]],
  ['Clip', [2, 3, 3, 2]],
  ['Relu', [2, 2, 2, 2, 2]],
])('BatchNormTrain, %s and their gradients over %j', async (epilogue, dims) => {
  const feeds = { x: waves(dims), scale: waves([dims[1]!], 1), bias: waves([dims[1]!], 3) };
  const dy = waves(dims, 2);
  const reference = standardBatchNorm(dims, epilogue);
  const { outputs, nodes } = await runNatively(batchNormGraph(dims, epilogue), { ...feeds, dy });
  for (const [name, tensor] of Object.entries(evaluate(reference, feeds))) {
    expect(outputs[name]!.dims).toEqual(tensor.dims);
    expectClose(outputs[name]!, tensor.toFloat64());
  }
  for (const name of ['x', 'scale', 'bias']) {
    expectClose(outputs[`d${name}`]!, numericGradient(reference, feeds, name, dy));
  }
  const types = nodes.map(({ op }) => op).filter((op) => op !== 'Transpose');
  expect(types).toEqual(['BatchNormTrainNhwc', 'BatchNormGradNhwc']);
  const name = epilogue === 'none' ? 'none' : epilogue.toLowerCase();
  for (const node of nodes.filter(({ op }) => types.includes(op))) {
    expect(node.string('activation', 'none')).toBe(name);
  }
});

test('an activation beside other readers of the normalisation stays one', async () => {
  const dims = [2, 3, 4, 4];
  const g = builder();
  const [x, scale] = [g.input('x', 'float32', dims), g.input('scale', 'float32', [3])];
  const y = g.op('BatchNormTrain', [x, scale, scale], {}, { domain: DOMAIN });
  g.output(g.op('Add', [g.op('Relu', [y]), y]), 'sum');
  const { outputs, nodes } = await runNatively(g.model(), { x: waves(dims), scale: waves([3], 1) });
  expect(nodes.map(({ op }) => op)).toContain('Relu');
  expect(outputs['sum']!.dims).toEqual(dims);
});

test('a gradient of Relu that others read too is not taken up', async () => {
  const dims = [2, 3, 4, 4];
  const g = builder();
  const [x, dy, scale] = [
    g.input('x', 'float32', dims),
    g.input('dy', 'float32', dims),
    g.input('scale', 'float32', [3]),
  ];
  const [y, mean, , inverse] = g.ops('BatchNormTrain', [x, scale, scale], {}, { domain: DOMAIN, outputs: 4 });
  const result = g.op('Relu', [y!]);
  const masked = g.op('ActivationGrad', [dy, result], { activation: 'relu' }, { domain: DOMAIN });
  const [dx] = g.ops('BatchNormGrad', [masked, x, scale, mean!, inverse!], {}, { domain: DOMAIN, outputs: 3 });
  const model = g.output(dx!, 'dx').output(masked, 'masked').output(result, 'y').model();
  const feeds = { x: waves(dims), dy: waves(dims, 2), scale: waves([3], 1) };
  const { outputs, nodes } = await runNatively(model, feeds);
  const types = nodes.map(({ op }) => op).filter((op) => op !== 'Transpose');
  expect(types).toEqual(['BatchNormTrainNhwc', 'ActivationGrad', 'BatchNormGradNhwc']);
  const [given, passed] = [feeds.dy.toFloat32(), outputs['y']!.toFloat32()];
  expect([...outputs['masked']!.toFloat32()]).toEqual([...given].map((value, i) => (passed[i]! > 0 ? value : 0)));
});

test('a result that is the gradient of another activation is no mask', async () => {
  const dims = [2, 3, 4, 4];
  const g = builder();
  const [x, v, scale] = [
    g.input('x', 'float32', dims),
    g.input('v', 'float32', dims),
    g.input('scale', 'float32', [3]),
  ];
  const [y, mean, , inverse] = g.ops('BatchNormTrain', [x, scale, scale], {}, { domain: DOMAIN, outputs: 4 });
  const result = g.op('Relu', [y!]);
  const passed = g.op('ActivationGrad', [result, v], { activation: 'relu' }, { domain: DOMAIN });
  const [dx] = g.ops('BatchNormGrad', [passed, x, scale, mean!, inverse!], {}, { domain: DOMAIN, outputs: 3 });
  const { nodes } = await runNatively(g.output(dx!, 'dx').model(), {
    x: waves(dims),
    v: waves(dims, 2),
    scale: waves([3], 1),
  });
  const types = nodes.map(({ op }) => op).filter((op) => op !== 'Transpose');
  expect(types).toEqual(['BatchNormTrainNhwc', 'ActivationGrad', 'BatchNormGradNhwc']);
  expect(nodes.find(({ op }) => op === 'BatchNormGradNhwc')!.string('activation', 'none')).toBe('none');
});

test('a residual sum and its Relu become part of the normalisation before them, where the residual is there', async () => {
  const dims = [2, 3, 4, 4];
  const normalized = { x: waves(dims), scale: waves([3], 1), bias: waves([3], 3) };
  const plain = evaluate(standardBatchNorm(dims, 'none'), normalized)['y']!.toFloat64();
  const feeds = { ...normalized, skip: waves(dims, 2) };
  const skipped = feeds.skip.toFloat64();
  for (const isLate of [false, true]) {
    const g = builder();
    const [x, scale, bias, skip] = Object.entries(feeds).map(([name, tensor]) =>
      g.input(name, 'float32', tensor.dims),
    ) as [Value, Value, Value, Value];
    // A pool of one element: the same with channels last.
    const residual = () => g.op('MaxPool', [skip], { kernel_shape: [1, 1] });
    const early = isLate ? undefined : residual();
    const y = g.op('BatchNormTrain', [x, scale, bias], { epsilon: attribute.float(EPSILON) }, { domain: DOMAIN });
    const model = g.output(g.op('Relu', [g.op('Add', [early ?? residual(), y])]), 'y').model();
    const { outputs, nodes } = await runNatively(model, feeds);
    const types = nodes.map(({ op }) => op).filter((op) => op !== 'Transpose' && op !== 'MaxPoolNhwc');
    expect(types).toEqual(isLate ? ['BatchNormTrainNhwc', 'Add', 'Relu'] : ['BatchNormTrainNhwc']);
    expectClose(
      outputs['y']!,
      plain.map((value, i) => Math.max(value + skipped[i]!, 0)),
    );
  }
});

/** The gradient of a pool against differences of the standard's operator. */
async function checkPool(op: 'MaxPool' | 'AveragePool', dims: readonly number[], attributes: Attributes) {
  const forward = builder();
  const pooled = forward.op(op, [forward.input('x', 'float32', dims)], attributes);
  const reference = forward.output(pooled, 'y').model();
  const x = waves(dims);
  const y = evaluate(reference, { x })['y']!;
  const dy = waves(y.dims, 2);
  const g = builder();
  const [input, gradient] = [g.input('x', 'float32', dims), g.input('dy', 'float32', y.dims)];
  const result =
    op === 'MaxPool'
      ? g.op('MaxPoolGrad', [gradient, input, g.op(op, [input], attributes)], attributes, { domain: DOMAIN })
      : g.op('AveragePoolGrad', [gradient], { ...attributes, input_shape: dims.slice(2) }, { domain: DOMAIN });
  const { outputs } = await runNatively(g.output(result, 'dx').model(), { x, dy });
  expect(outputs['dx']!.dims).toEqual(dims);
  expectClose(outputs['dx']!, numericGradient(reference, { x }, 'x', dy));
}

test.each<[readonly number[], Attributes]>([
  [[2, 3, 6, 6], { kernel_shape: [2, 2], strides: [2, 2] }],
  [[1, 2, 7, 6], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[1, 2, 8, 7], { kernel_shape: [2, 3], strides: [2, 1], dilations: [2, 1], ceil_mode: 1 }],
  [[2, 2, 9], { kernel_shape: [3], strides: [2], pads: [1, 1] }],
])('gradients of pools over %j', async (dims, attributes) => {
  await checkPool('MaxPool', dims, attributes);
  await checkPool('AveragePool', dims, { ...attributes, count_include_pad: 1 });
  await checkPool('AveragePool', dims, attributes);
});

test('BiasGrad sums over all axes but one, also where channels are last', async () => {
  const g = builder();
  const [x, w] = [g.input('x', 'float32', [2, 3, 5, 4]), g.input('w', 'float32', [6, 3, 3, 3])];
  const matrix = g.input('matrix', 'float32', [7, 5]);
  const y = g.op('Conv', [x, w], {});
  g.output(g.op('BiasGrad', [y], {}, { domain: DOMAIN }), 'channels');
  g.output(g.op('BiasGrad', [matrix], { axis: -1 }, { domain: DOMAIN }), 'columns');
  g.output(g.op('BiasGrad', [matrix], { axis: 0 }, { domain: DOMAIN }), 'rows');
  const feeds = { x: waves([2, 3, 5, 4]), w: waves([6, 3, 3, 3], 1), matrix: waves([7, 5], 2) };
  const { outputs, nodes } = await runNatively(g.model(), feeds);
  expect(nodes.map(({ op }) => op)).toEqual(['Transpose', 'ConvNhwc', 'BiasGrad', 'BiasGrad', 'BiasGrad']);
  const h = builder();
  const sums = (value: Value, axes: readonly number[]) => h.op('ReduceSum', [value, h.constant(axes)], { keepdims: 0 });
  const inputs = Object.entries(feeds).map(([name, { dims }]) => h.input(name, 'float32', dims));
  h.output(sums(h.op('Conv', [inputs[0]!, inputs[1]!], {}), [0, 2, 3]), 'channels');
  h.output(sums(inputs[2]!, [0]), 'columns').output(sums(inputs[2]!, [1]), 'rows');
  for (const [name, tensor] of Object.entries(evaluate(h.model(), feeds))) {
    expect(outputs[name]!.dims).toEqual(tensor.dims);
    expectClose(outputs[name]!, tensor.toFloat64());
  }
});
