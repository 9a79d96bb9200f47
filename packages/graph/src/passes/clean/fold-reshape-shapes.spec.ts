import { GraphBuilder } from '../../builder.js';
import { attribute } from '../../ir/attribute.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { addIf } from '../testing/add-if.js';
import { applyPasses, checkExact, kinds } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const PASSES = ['fold-reshape-shapes', 'eliminate-dead-code'];
const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

/** [n, 2, 2] from the shape of x, [n, 4]. */
function splitWidth(g: GraphBuilder, x: Value): Value {
  const batch = g.op('Gather', [g.op('Shape', [x]), g.constant([0])]);
  return g.op('Concat', [batch, g.constant([2, 2])], { axis: 0 });
}

test('the one dimension that is not a number becomes -1; what computed it is dead', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  g.output(g.op('Reshape', [x, splitWidth(g, x)]), 'y', 'float32', ['n', 2, 2]);
  const { model } = await checkExact(g.model(), PASSES, feeds);
  expect(kinds(model)).toEqual(['Reshape']);
  const [node] = [...model.graph.nodes()];
  expect(node!.input(1)!.constant!.toIntegers()).toEqual([-1, 2, 2]);
});

test('in a branch too', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const shape = splitWidth(g, x);
  const y = addIf(
    g,
    (graph, name) => graph.add({ op: 'Reshape', inputs: [x, shape], outputs: [`${name}_out`] }).output,
  );
  g.output(y, 'y', 'float32', ['n', 2, 2]);
  expect(kinds((await checkExact(g.model(), PASSES, feeds)).model)).toEqual(['If', 'Reshape', 'Reshape']);
});

test.each(['two open dimensions', 'a zero beside the open one', 'allowzero', 'a shape that is fed'])(
  'stays: %s',
  (what) => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', 'm', 4]);
    const shape = g.op('Shape', [x]);
    const pick = (...indices: number[]) => g.op('Gather', [shape, g.constant(indices)]);
    const targets: Record<string, () => Value> = {
      'two open dimensions': () => g.op('Concat', [pick(0, 1), g.constant([2, 2])], { axis: 0 }),
      'a zero beside the open one': () => g.op('Concat', [pick(0), g.constant([0, 4])], { axis: 0 }),
      allowzero: () => g.op('Concat', [pick(0), g.constant([8])], { axis: 0 }),
      'a shape that is fed': () => g.input('shape', 'int64', [2]),
    };
    const attributes = what === 'allowzero' ? { allowzero: attribute.int(1) } : {};
    g.output(g.op('Reshape', [x, targets[what]!()], attributes), 'y');
    expect(applyPasses(g.model(), PASSES.slice(0, 1)).applied).toEqual([]);
  },
);

test('a fed shape of one element stands for all', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const flat = g.input('flat', 'int64', [1]);
  g.output(g.op('Reshape', [x, flat]), 'y', 'float32', ['k']);
  const fed = feeds.map((feed, index) => ({ ...feed, flat: Tensor.fromNumbers('int64', [1], [index === 0 ? 4 : -1]) }));
  const { model } = await checkExact(g.model(), PASSES.slice(0, 1), fed);
  expect(model.graph.inputs.map(String)).toEqual(['x', 'flat']);
});
