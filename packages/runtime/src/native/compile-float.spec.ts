import { attribute, GraphBuilder, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { loadModel } from '@gossamer/graph/onnx';
import { join } from 'node:path';
import { compileModel } from './compile-model.js';
import { compileAndRun } from './testing/compile-and-run.js';
import { ALL_OPERATORS } from './testing/reference-builder.js';

const MODELS = join(__dirname, '../../../../fixtures/models');

const waves = (dims: readonly number[], phase = 0) => {
  const count = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + phase)),
  );
};

function expectClose(actual: Readonly<Record<string, Tensor>>, expected: Readonly<Record<string, Tensor>>): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    expect(actual[name]!.dims).toEqual(tensor.dims);
    const [got, want] = [actual[name]!.toFloat64(), tensor.toFloat64()];
    const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    // Sums of at most a few thousand terms in float64, rounded to float32 a few dozen times.
    want.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * most));
  }
}

const image = waves([2, 3, 8, 8]);
const weight = (g: GraphBuilder, name: string, dims: readonly number[]) =>
  g.graph.addInitializer(name, waves(dims, name.length));

describe('float models', () => {
  test('lenet-5 becomes convolutions and pools with channels last, and linear layers', async () => {
    const model = await loadModel(join(MODELS, 'lenet-5.onnx'));
    const feeds = { input: waves([2, 1, 28, 28]) };
    const { types, outputs } = await compileAndRun(model, feeds);
    expectClose(outputs, evaluate(model, feeds));
    expect(types).toEqual(
      'Squeeze Unsqueeze ConvNhwc MaxPoolNhwc ConvNhwc MaxPoolNhwc Transpose Flatten Linear Linear'.split(' '),
    );
  });

  test('resnet20 keeps no Transpose, no Add and no activation', async () => {
    const model = await loadModel(join(MODELS, 'resnet20-mnist.onnx'));
    const feeds = { input: waves([1, 1, 28, 28]) };
    const { types, outputs } = await compileAndRun(model, feeds);
    expectClose(outputs, evaluate(model, feeds));
    expect(new Set(types)).toEqual(new Set('Squeeze Unsqueeze ConvNhwc ReduceMean Flatten Linear'.split(' ')));
  });

  test('tinylm is covered', async () => {
    const model = await loadModel(join(MODELS, 'tinylm.onnx'));
    const { lacking } = compileModel(model, { capabilities: { operators: ALL_OPERATORS } });
    expect(lacking).toEqual([]);
  });

  test('what lies between convolutions takes their order; its constants are laid anew', async () => {
    const g = new GraphBuilder('net', { opset: 21 });
    const x = g.input('x', 'float32', ['n', 3, 'h', 'w']);
    const a = g.op('Conv', [x, weight(g, 'w1', [4, 3, 3, 3])], { pads: [1, 1, 1, 1] });
    const shifted = g.op('Add', [g.op('Sin', [a]), weight(g, 'shift', [4, 1, 1])]);
    const both = g.op('Concat', [shifted, a], { axis: 1 });
    const gate = g.op('Sigmoid', [g.op('Conv', [g.op('GlobalAveragePool', [both]), weight(g, 'gate', [8, 8, 1, 1])])]);
    const padded = g.op('Pad', [g.op('Mul', [both, gate]), g.constant([0, 1, 0, 0, 0, 0, 2, 1])]);
    const mean = g.op('ReduceMean', [padded, g.constant([2, 3])], { keepdims: 0 });
    const up = g.op('Resize', [padded, undefined, g.constant([1, 1, 2, 3], 'float32')], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
    const model = g
      .output(g.op('MaxPool', [up], { kernel_shape: [2, 2] }), 'y')
      .output(mean, 'mean')
      .model();
    const { types, outputs } = await compileAndRun(model, { x: image });
    expectClose(outputs, evaluate(model, { x: image }));
    expect(types.filter((type) => type === 'Transpose')).toHaveLength(2);
  });

  test('bias, residual and activation become part of the layer before them', async () => {
    const g = new GraphBuilder('net', { opset: 21 });
    const x = g.input('x', 'float32', ['n', 5, 8]);
    const product = g.op('MatMul', [x, weight(g, 'w', [8, 8])]);
    const sum = g.op('Add', [x, g.op('Add', [product, weight(g, 'bias', [8])])]);
    const model = g.output(g.op('Gelu', [sum]), 'y').model();
    const feeds = { x: waves([2, 5, 8]) };
    const { types, operators, outputs } = await compileAndRun(model, feeds);
    expectClose(outputs, evaluate(model, feeds));
    expect(types).toEqual(['Linear']);
    expect(operators[0]!.attributes['activation']).toBe('gelu');
  });

  test('ConvTranspose computes with channels last', async () => {
    const g = new GraphBuilder('net', { opset: 21 });
    const x = g.input('x', 'float32', ['n', 3, 'h', 'w']);
    const a = g.op('Conv', [x, weight(g, 'first', [6, 3, 1, 1])]);
    const inputs = [a, weight(g, 'up', [6, 4, 3, 2]), weight(g, 'bias', [4])];
    const up = g.op('ConvTranspose', inputs, { strides: [2, 3], pads: [1, 0, 1, 0], output_padding: [1, 1] });
    const y = g.op('Conv', [g.op('Relu', [up]), weight(g, 'last', [2, 4, 3, 3])]);
    const model = g.output(y, 'y').model();
    const feeds = { x: waves([2, 3, 5, 4]) };
    const { types, outputs } = await compileAndRun(model, feeds);
    expectClose(outputs, evaluate(model, feeds));
    expect(types).toEqual(['Transpose', 'ConvNhwc', 'ConvTransposeNhwc', 'ConvNhwc', 'Transpose']);
  });

  test('attention is one operator that reads and writes heads where they lie', async () => {
    for (const withMask of [true, false]) {
      const g = new GraphBuilder('net', { opset: 21 });
      const x = g.input('x', 'float32', ['n', 's', 12]);
      const heads = (name: string, perm: readonly number[]) => {
        const product = g.op('MatMul', [x, weight(g, name, [12, 12])]);
        return g.op('Transpose', [g.op('Reshape', [product, g.constant([0, 0, 3, 4])])], { perm });
      };
      const keys = withMask
        ? heads('k', [0, 2, 3, 1])
        : g.op('Transpose', [heads('k', [0, 2, 1, 3])], { perm: [0, 1, 3, 2] });
      const product = g.op('MatMul', [g.op('Mul', [heads('q', [0, 2, 1, 3]), g.constant(0.5, 'float32')]), keys]);
      const scores = g.op('Div', [product, g.constant(1.5, 'float32')]);
      const mask = g.input('mask', 'float32', ['n', 1, 1, 's']);
      const soft = g.op('Softmax', [withMask ? g.op('Add', [mask, scores]) : scores]);
      const mixed = g.op('Transpose', [g.op('MatMul', [soft, heads('v', [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
      const model = g.output(g.op('Reshape', [mixed, g.constant([0, 0, 12])]), 'y').model();
      const feeds = { x: waves([2, 5, 12]), mask: waves([2, 1, 1, 5]) };
      const { types, outputs } = await compileAndRun(model, feeds);
      expectClose(outputs, evaluate(model, feeds));
      expect(types.filter((type) => !['Linear', 'Reshape'].includes(type))).toEqual(['Attention4D']);
    }
  });

  test('a product of activations takes a Transpose and a factor up', async () => {
    const g = new GraphBuilder('net', { opset: 21 });
    const [a, b] = ['a', 'b'].map((name) => g.input(name, 'float32', ['n', 5, 4]));
    const product = g.op('MatMul', [a, g.op('Transpose', [b], { perm: [0, 2, 1] })]);
    const model = g.output(g.op('Mul', [g.constant(0.25, 'float32'), product]), 'y').model();
    const feeds = { a: waves([2, 5, 4]), b: waves([2, 5, 4], 1) };
    const { types, outputs } = await compileAndRun(model, feeds);
    expectClose(outputs, evaluate(model, feeds));
    expect(types).toEqual(['MatMul']);
  });

  test('Gemm in every form', async () => {
    for (const [transA, transB, alpha, beta] of [
      [0, 0, 1, 1],
      [1, 1, 0.5, 2],
      [0, 1, 2, 0],
    ] as const) {
      for (const c of [[4], [1, 4], [3, 4], [3, 1], []]) {
        const g = new GraphBuilder('net', { opset: 21 });
        const x = g.input('x', 'float32', transA ? [5, 3] : [3, 5]);
        const w = weight(g, 'w', transB ? [4, 5] : [5, 4]);
        const y = g.op('Gemm', [x, w, weight(g, 'c', c)], {
          transA,
          transB,
          alpha: attribute.float(alpha),
          beta: attribute.float(beta),
        });
        const model = g.output(y, 'y').model();
        const feeds = { x: waves(transA ? [5, 3] : [3, 5]) };
        const { outputs } = await compileAndRun(model, feeds);
        expectClose(outputs, evaluate(model, feeds));
      }
    }
  });

  test('what the engine lacks is named', () => {
    const g = new GraphBuilder('net', { opset: 21 });
    const x = g.input('x', 'float32', [4]);
    const model = g.output(g.op('Tan', [g.op('Det', [x], {}, { name: 'first' })]), 'y').model();
    const operators = new Set([...ALL_OPERATORS].filter((type) => type !== 'Tan'));
    const plan = compileModel(model, { capabilities: { operators } });
    expect(plan.lacking.map(({ operator }) => operator)).toEqual(['Det', 'Tan']);
    expect(() => plan.emit(undefined as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_ENGINE_COVERAGE',
        message: expect.stringContaining('Det (first') as string,
      }),
    );
  });
});
