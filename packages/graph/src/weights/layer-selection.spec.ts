import { GraphBuilder } from '../builder.js';
import { layerFilter } from './layer-selection.js';

function model() {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 2]);
  const a = g.op('MatMul', [x, x], {}, { name: 'block.0/a' });
  const b = g.op('Relu', [a], {}, { name: 'block.0/b' });
  return g.output(g.op('MatMul', [b, x], {}, { name: 'block.1/a' }), 'y').model();
}

function picked(include: string[], exclude: string[]) {
  const graph = model();
  const { filter, warnings } = layerFilter(graph, { include, exclude });
  const ids = [...graph.graph.nodes()].filter((node) => !filter(node)).map(({ id }) => id);
  return { ids, warnings };
}

test.each([
  [[], [], ['block.0/a', 'block.0/b', 'block.1/a']],
  [['MatMul'], [], ['block.0/a', 'block.1/a']],
  [['block.0*'], [], ['block.0/a', 'block.0/b']],
  [[], ['block.?/a'], ['block.0/b']],
  [['MatMul'], ['block.1/a'], ['block.0/a']],
  // A dot is a dot.
  [['blockX0/a'], [], []],
])('include %j, exclude %j: %j', (include, exclude, expected) => {
  expect(picked(include, exclude).ids).toEqual(expected);
});

test('reasons name the pattern; a pattern without a layer is a warning', () => {
  const graph = model();
  const { filter } = layerFilter(graph, { include: [], exclude: ['*.1*'] });
  const [first, , last] = [...graph.graph.nodes()];
  expect([filter(first!), filter(last!)]).toEqual([undefined, 'excluded by "*.1*"']);
  expect(picked(['Conv', 'Relu'], ['head']).warnings).toEqual([
    'include "Conv": expected a layer id, operator or glob, no layer matches',
    'exclude "head": expected a layer id, operator or glob, no layer matches',
  ]);
});
