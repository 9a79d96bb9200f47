import { GraphBuilder } from '../../builder.js';
import type { Value } from '../../ir/value.js';
import { applyPasses, checkExact, kinds } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const PASSES = ['merge-reshapes', 'eliminate-no-op', 'eliminate-dead-code'];
const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

const BETWEEN: [string, (g: GraphBuilder, x: Value) => Value][] = [
  ['Reshape', (g, x) => g.op('Reshape', [x, g.constant([0, 2, 2])])],
  ['Flatten', (g, x) => g.op('Flatten', [x], { axis: 0 })],
  ['Unsqueeze', (g, x) => g.op('Unsqueeze', [x, g.constant([1])])],
  ['Squeeze', (g, x) => g.op('Squeeze', [g.op('Unsqueeze', [x, g.constant([1])]), g.constant([1])])],
];

test.each(BETWEEN)('%s before a Reshape goes', async (_, between) => {
  const g = new GraphBuilder('net');
  const x = between(g, g.input('x', 'float32', ['n', 4]));
  g.output(g.op('Reshape', [x, g.constant([2, -1])]), 'y');
  const { model } = await checkExact(g.model(), PASSES, feeds);
  expect(kinds(model)).toEqual(['Reshape']);
});

test('there and back is nothing', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const back = g.op('Reshape', [g.op('Reshape', [x, g.constant([-1, 2, 2])]), g.constant([-1, 4])]);
  g.output(g.op('Relu', [back]), 'y');
  expect(kinds((await checkExact(g.model(), PASSES, feeds)).model)).toEqual(['Relu']);
});

test.each(['a copied dimension', 'a shape that is fed', 'no Reshape'])('stays: %s', (what) => {
  const g = new GraphBuilder('net');
  const x = g.op('Flatten', [g.input('x', 'float32', ['n', 2, 2])], { axis: 0 });
  const shape = what === 'a copied dimension' ? g.constant([0, 2, -1]) : g.input('shape', 'int64', [2]);
  const y = what === 'no Reshape' ? g.op('Relu', [x]) : g.op('Reshape', [x, shape]);
  expect(applyPasses(g.output(y, 'y').model(), ['merge-reshapes']).applied).toEqual([]);
});

test('a Transpose that moves axes of size 1 alone goes, others stay', async () => {
  const build = (dims: readonly (number | string)[], perm: readonly number[]) => {
    const g = new GraphBuilder('net');
    const turned = g.op('Transpose', [g.input('x', 'float32', dims)], { perm });
    return g.output(g.op('Reshape', [turned, g.constant([-1, 4])]), 'y').model();
  };
  const images = [1, 3].map((n) => ({ x: randomTensor([n, 4, 1, 1], n) }));
  const { model } = await checkExact(build(['n', 4, 1, 1], [0, 2, 3, 1]), PASSES, images);
  expect(kinds(model)).toEqual(['Reshape']);
  for (const dims of [
    ['n', 4, 'h', 1],
    [2, 4, 1, 3],
  ]) {
    expect(applyPasses(build(dims, [0, 2, 3, 1]), ['merge-reshapes']).applied).toEqual([]);
  }
});
