import { GraphBuilder, Tensor } from '@gossamer/graph';
import { modelInputs, modelOutputs } from './model-ports.js';

test('inputs have types, named and open dimensions; those with defaults are left out', () => {
  const g = new GraphBuilder('ports');
  const x = g.input('x', 'float32', ['n', 3]);
  const scale = g.input('scale', 'float32', []);
  g.graph.setInitializer(scale, Tensor.scalar('float32', 2));
  const model = g.output(g.op('Mul', [x, scale]), 'y', 'float32', ['n', 3]).model();
  expect(modelInputs(model)).toEqual([{ name: 'x', dtype: 'float32', shape: ['n', 3] }]);
  expect(modelOutputs(model)).toEqual([{ name: 'y', dtype: 'float32', shape: ['n', 3] }]);
});

test('ids are bounded by the tables they index, through casts, and by the smallest of them', () => {
  const g = new GraphBuilder('ids');
  const ids = g.input('ids', 'int64', ['n', 's']);
  const other = g.input('other', 'int64', ['n']);
  const words = g.op('Gather', [g.weight('words', [30, 4], new Float32Array(120)), g.op('Cast', [ids], { to: 6 })]);
  const kinds = g.op('Gather', [g.weight('kinds', [4, 7], new Float32Array(28)), ids], { axis: -1 });
  g.output(words, 'a')
    .output(kinds, 'b')
    .output(g.op('Neg', [other]), 'c');
  const [first, second] = modelInputs(g.model());
  expect(first).toMatchObject({ name: 'ids', maximum: 7 });
  expect(second).not.toHaveProperty('maximum');
});

test('state is optional', () => {
  const g = new GraphBuilder('state');
  const x = g.input('x', 'float32', ['n', 2]);
  const h = g.input('h', 'float32', ['n', 2]);
  g.output(g.op('Add', [x, h]), 'hn', 'float32', ['n', 2]);
  expect(modelInputs(g.model()).map(({ name, optional }) => [name, optional])).toEqual([
    ['x', undefined],
    ['h', true],
  ]);
});
