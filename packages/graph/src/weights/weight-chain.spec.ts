import { type DType, dtypeCode } from '../dtype.js';
import { checkGraph } from '../ir/check.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import { runOnce } from '../passes/testing/ort-session.js';
import { GraphBuilder } from '../builder.js';
import { weightViews } from './index.js';

const g = () => {
  const builder = new GraphBuilder('net');
  return {
    builder,
    x: builder.input('x', 'float32', [1, 2]),
    w: builder.weight('w', [2, 2], Float32Array.of(1, 2, 3, 4)),
  };
};

test('what doubles at every step, and chains without end, are not followed', () => {
  const { builder, x, w } = g();
  let doubled = w;
  for (let i = 0; i < 40; i++) doubled = builder.op('Concat', [doubled, doubled], { axis: 1 });
  let long = w;
  for (let i = 0; i < 20_000; i++) long = builder.op('Identity', [long]);
  builder.op('MatMul', [x, doubled], {}, { name: 'doubled' });
  builder.op('MatMul', [x, long], {}, { name: 'long' });
  builder.op('MatMul', [x, builder.op('Identity', [builder.op('Identity', [w])])], {}, { name: 'short' });
  expect(weightViews(builder.graph).map((view) => view.layerId)).toEqual(['short']);
});

test('clone-for keeps the dtype that the node reads, and stays a Constant where the source is one', async () => {
  const { builder } = g();
  const x = builder.input('h', 'float16', [1, 2]);
  const stored = builder.op('Constant', [], { value: Tensor.fromNumbers('float16', [2, 2], [1, 2, 3, 4]) });
  builder.output(builder.op('MatMul', [x, stored], {}, { name: 'half' }), 'a');
  const widened = builder.op('Cast', [stored], { to: 1 });
  builder.output(builder.op('MatMul', [builder.graph.value('x')!, widened], {}, { name: 'wide' }), 'b');
  for (const view of weightViews(builder.graph)) view.write(Float32Array.of(5, 6, 7, 8), 'clone-for');
  checkGraph(builder.graph);
  const own = [...builder.graph.nodes()].filter(({ op }) => op === 'MatMul').map((node) => node.input(1)!);
  expect(own.map((value) => [value.producer?.op, value.constant?.dtype])).toEqual([
    ['Constant', 'float16'],
    ['Constant', 'float32'],
  ]);
  const feeds = { x: Tensor.fromNumbers('float32', [1, 2], [1, 1]), h: Tensor.fromNumbers('float16', [1, 2], [1, 1]) };
  const model = builder.model();
  for (const value of model.graph.outputs)
    model.graph.setType(value, tensorType(value.name === 'a' ? 'float16' : 'float32'));
  const found = await runOnce(model, feeds);
  expect(['a', 'b'].map((name) => [...found[name]!.toFloat32()])).toEqual([
    [12, 14],
    [12, 14],
  ]);
});

test.each(['float16', 'bfloat16', 'float64'] as const)(
  'a Cast on the way rounds as the graph does: %s',
  async (dtype) => {
    const stored = Tensor.fromNumbers('float32', [2, 2], [0.1, 70_000, 2.0004883, 1e-8]);
    const builder = new GraphBuilder('net');
    const w = builder.graph.addInitializer('w', stored);
    const there = builder.op('Cast', [w], { to: dtypeCode(dtype) });
    const back = builder.op('Cast', [builder.op('Transpose', [there])], { to: dtypeCode('float32') });
    const x = builder.input('x', 'float32', [2, 2]);
    builder.output(builder.op('MatMul', [x, back]), 'y').output(builder.op('Identity', [back]), 'weight');
    const [view] = weightViews(builder.graph);
    const found = view!.toFloat32();
    const expected = await runOnce(builder.model(), { x: stored });
    expect(found).toEqual(expected['weight']!.toFloat32());
    expect([...found]).toEqual([...(dtype === 'float64' ? transposed(stored) : transposed(rounded(stored, dtype)))]);
  },
);

const rounded = (tensor: Tensor, dtype: DType) => Tensor.fromNumbers(dtype, tensor.dims, tensor.toFloat32());
const transposed = (tensor: Tensor) => [0, 2, 1, 3].map((index) => tensor.toFloat32()[index]!);

test('a double that is cast to float16 is rounded once', () => {
  const builder = new GraphBuilder('net');
  // Nearest in float16 is 1 + 2^-10; by way of float32, which makes it a tie, it would be 1.
  const w = builder.constant([1 + 2 ** -11 + 2 ** -40], 'float64', [1, 1]);
  builder.op('MatMul', [builder.input('x', 'float16', [1, 1]), builder.op('Cast', [w], { to: dtypeCode('float16') })]);
  expect([...weightViews(builder.graph)[0]!.toFloat32()]).toEqual([1 + 2 ** -10]);
});

test('codes with a scale in float16 become what float16 holds, and are seen behind a Cast', async () => {
  const builder = new GraphBuilder('net', { opset: 19, irVersion: 9 });
  const codes = builder.constant([100, -77, 3, 127], 'int8', [2, 2]);
  const floats = builder.op('DequantizeLinear', [codes, builder.constant(0.0123, 'float16')]);
  const wide = builder.op('Cast', [floats], { to: dtypeCode('float32') });
  const x = builder.input('x', 'float32', [2, 2]);
  builder.output(builder.op('MatMul', [x, wide]), 'y').output(builder.op('Identity', [wide]), 'weight');
  const [view] = weightViews(builder.graph);
  expect(view!.isQuantized).toBe(true);
  const expected = await runOnce(builder.model(), { x: Tensor.of('float32', [2, 2], new Float32Array(4)) });
  expect(view!.toFloat32()).toEqual(expected['weight']!.toFloat32());
});
