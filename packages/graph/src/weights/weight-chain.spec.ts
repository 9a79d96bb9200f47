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
