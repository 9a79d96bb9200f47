import { attribute, GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { compileAndRun } from '../testing/compile-and-run.js';
import { compileModel } from '../compile-model.js';
import { nativeCapabilities, NativeProgram } from '../open-native.js';

type Feeds = Readonly<Record<string, Tensor>>;

const waves = (dims: readonly number[], phase = 0) => {
  const count = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + phase)),
  );
};

/** Compiles and runs `model` in the addon and in the reference of the engine's operators; both as the standard's evaluator. */
async function typesOf(model: Model, feeds: Feeds): Promise<readonly string[]> {
  const expected = evaluate(model, feeds);
  const { types, outputs } = await compileAndRun(model, feeds);
  const plan = compileModel(model, { capabilities: nativeCapabilities() });
  const wanted = model.graph.outputs.map(({ name }) => name);
  const native = await new NativeProgram(plan, model).run(feeds, wanted, { threads: undefined, signal: undefined });
  for (const [name, tensor] of Object.entries(expected)) {
    for (const actual of [outputs[name]!, native[name]!]) {
      expect(actual.dims).toEqual(tensor.dims);
      const got = actual.toFloat64();
      // Sums of at most twenty products of order 1.
      tensor.toFloat64().forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(5e-6));
    }
  }
  return types;
}

const builder = () => new GraphBuilder('net', { opset: 21 });

test('Gemm with weights and bias at run time, and what follows it, is one Linear', async () => {
  const g = builder();
  const [x, w, b] = [g.input('x', 'float32', [6, 7]), g.input('w', 'float32', [5, 7]), g.input('b', 'float32', [5])];
  const y = g.op('Relu', [g.op('Gemm', [x, w, b], { transB: 1 })]);
  const model = g.output(y, 'y').model();
  expect(await typesOf(model, { x: waves([6, 7]), w: waves([5, 7], 1), b: waves([5], 2) })).toEqual(['Linear']);
});

test('MatMul and Add of a row, and of a sum beside it, is one Linear over any rows', async () => {
  const g = builder();
  const [x, w] = [g.input('x', 'float32', [2, 3, 7]), g.input('w', 'float32', [7, 7])];
  const biased = g.op('Add', [g.input('b', 'float32', [7]), g.op('MatMul', [x, w])]);
  const model = g.output(g.op('Add', [biased, x]), 'y').model();
  expect(await typesOf(model, { x: waves([2, 3, 7]), w: waves([7, 7], 1), b: waves([7], 2) })).toEqual(['Linear']);
});

test('the gradients of a layer are products without a copy of what is turned', async () => {
  const g = builder();
  const [x, w] = [g.input('x', 'float32', [6, 7]), g.input('w', 'float32', [7, 5])];
  const dy = g.input('dy', 'float32', [6, 5]);
  const dx = g.op('MatMul', [dy, g.op('Transpose', [w], { perm: [1, 0] })]);
  const dw = g.op('MatMul', [g.op('Transpose', [x], { perm: [1, 0] }), dy]);
  const model = g.output(dx, 'dx').output(dw, 'dw').model();
  const feeds = { x: waves([6, 7]), w: waves([7, 5], 1), dy: waves([6, 5], 2) };
  expect([...(await typesOf(model, feeds))].sort()).toEqual(['Linear', 'MatMul']);
});

test('what is no row, no plain product, or read by others stays as it is', async () => {
  const g = builder();
  const [x, w] = [g.input('x', 'float32', [6, 7]), g.input('w', 'float32', [7, 1])];
  const column = g.op('Add', [g.op('MatMul', [x, w]), g.input('c', 'float32', [6, 1])]);
  const scaled = g.op('Gemm', [x, w], { alpha: attribute.float(0.5) });
  const read = g.op('MatMul', [x, w]);
  const model = g
    .output(column, 'column')
    .output(scaled, 'scaled')
    .output(read, 'read')
    .output(g.op('Sigmoid', [read]), 'y')
    .model();
  const types = await typesOf(model, { x: waves([6, 7]), w: waves([7, 1], 1), c: waves([6, 1], 2) });
  expect([...types].sort()).toEqual(['Linear', 'Linear', 'MatMul', 'Sigmoid']);
});
