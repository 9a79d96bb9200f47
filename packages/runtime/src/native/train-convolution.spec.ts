import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { compileModel } from './compile-model.js';
import { nativeCapabilities, NativeProgram } from './open-native.js';

type Feeds = Readonly<Record<string, Tensor>>;

const waves = (dims: readonly number[], phase = 0) => {
  const count = dims.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + phase));
  return Tensor.of('float32', dims, values);
};

/** Runs `model` in the addon. */
async function runNatively(model: Model, feeds: Feeds) {
  const plan = compileModel(model, { capabilities: nativeCapabilities() });
  expect(plan.lacking).toEqual([]);
  const wanted = model.graph.outputs.map(({ name }) => name);
  const outputs = await new NativeProgram(plan, model).run(feeds, wanted, { threads: undefined, signal: undefined });
  return { outputs, types: [...plan.model.graph.nodes()].map(({ op }) => op) };
}

function expectClose(actual: Readonly<Record<string, Tensor>>, expected: Readonly<Record<string, Tensor>>): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    expect(actual[name]!.dims).toEqual(tensor.dims);
    const [got, want] = [actual[name]!.toFloat64(), tensor.toFloat64()];
    const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    // Sums of at most a few hundred terms, each rounded to float32 once.
    want.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * most));
  }
}

test('Conv with weights that are fed computes with channels last, its weights stay in their order', async () => {
  const g = new GraphBuilder('net', { opset: 21 });
  const x = g.input('x', 'float32', [2, 3, 9, 8]);
  const [w1, w2] = [g.input('w1', 'float32', [8, 3, 3, 3]), g.input('w2', 'float32', [8, 1, 3, 3])];
  const [b1, w3] = [g.input('b1', 'float32', [8]), g.input('w3', 'float32', [5, 4, 1, 1])];
  const first = g.op('Relu', [g.op('Conv', [x, w1, b1], { pads: [1, 1, 1, 1], strides: [2, 1] })]);
  const depthwise = g.op('Conv', [first, w2], { group: 8, pads: [0, 1, 1, 0] });
  const grouped = g.op('Conv', [depthwise, g.op('Concat', [w3, w3], { axis: 0 })], { group: 2 });
  const model = g.output(grouped, 'y').model();
  const feeds = {
    x: waves([2, 3, 9, 8]),
    w1: waves([8, 3, 3, 3], 1),
    w2: waves([8, 1, 3, 3], 2),
    b1: waves([8], 3),
    w3: waves([5, 4, 1, 1], 4),
  };
  const { outputs, types } = await runNatively(model, feeds);
  expectClose(outputs, evaluate(model, feeds));
  expect(types.sort()).toEqual(['Concat', 'ConvNhwc', 'ConvNhwc', 'ConvNhwc', 'Transpose', 'Transpose']);
});
