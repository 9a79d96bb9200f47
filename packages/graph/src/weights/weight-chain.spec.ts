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
