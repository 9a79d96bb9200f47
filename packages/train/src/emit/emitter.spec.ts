import { emptyEmitter } from '../testing/check-gradient.js';

test('every node has a name of its own', () => {
  const g = emptyEmitter();
  const x = g.input('x', 'float32', [2]);
  const y = g.op('Relu', [g.op('Relu', [x])], {}, { name: 'Relu' });
  g.copy(y.producer!, [y]);
  expect([...g.graph.nodes()].map(({ name }) => name)).toEqual(['Relu', 'Relu_1', 'Relu_1_1']);
});
