import { GraphBuilder } from '../builder.js';
import { attribute } from '../ir/attribute.js';
import { Graph } from '../ir/graph.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import { evaluate } from '../eval/evaluate.js';
import { applyPasses, kinds } from './testing/check-pass.js';
import { expectEqualBits } from './testing/compare.js';
import { runOnce } from './testing/ort-session.js';
import { randomTensor } from './testing/random.js';

/** A Loop whose state grows by one row a trip: what holds in the first trip does not hold in the next. */
function growing() {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [1, 4]);
  const trips = g.input('trips', 'int64', []);
  const [grown, sizes] = g.ops('Loop', [trips, undefined, x], {}, { outputs: 2 });
  const node = grown!.producer!;
  const body = new Graph('body', { node, attribute: 'body', index: 0 });
  body.addInput('trip', tensorType('int64', []));
  const condition = body.addInput('condition', tensorType('bool', []));
  const state = body.addInput('state', tensorType('float32'));
  const add = (op: string, inputs: Parameters<Graph['add']>[0]['inputs'], attributes = {}) =>
    body.add({ op, inputs, outputs: [op.toLowerCase()], attributes }).output;
  const size = add('Size', [state]);
  const same = add('Reshape', [state, add('Shape', [state])]);
  const next = add('Concat', [same, x], { axis: attribute.int(0) });
  body.addOutput(add('Identity', [condition]));
  body.addOutput(next);
  body.addOutput(size);
  g.graph.setAttribute(node, 'body', attribute.graph(body));
  return g.output(grown!, 'grown', 'float32', ['m', 4]).output(sizes!, 'sizes', 'int64', ['k']).model();
}

test('shapes that change from trip to trip are not folded', async () => {
  const model = growing();
  const { model: optimized } = applyPasses(model, 'default');
  expect(kinds(optimized)).toContain('Size');
  for (const trips of [1, 3]) {
    const feeds = { x: randomTensor([1, 4], 2), trips: Tensor.scalar('int64', trips) };
    expectEqualBits(evaluate(optimized, feeds), evaluate(model, feeds));
    expectEqualBits(await runOnce(optimized, feeds), await runOnce(model, feeds));
  }
});

test('shapes that differ between branches are not folded', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [2, 4]);
  const result = g.op('If', [g.input('pick', 'bool', [])]);
  const node = result.producer!;
  for (const [name, axis] of [
    ['then_branch', 0],
    ['else_branch', 1],
  ] as const) {
    const graph = new Graph(name, { node, attribute: name, index: 0 });
    const attributes = { axis: attribute.int(axis) };
    graph.addOutput(graph.add({ op: 'Concat', inputs: [x, x], outputs: [`${name}_out`], attributes }).output);
    g.graph.setAttribute(node, name, attribute.graph(graph));
  }
  g.output(g.op('Reshape', [g.op('Neg', [result]), g.op('Shape', [result])]), 'y', 'float32', ['a', 'b']);
  g.output(g.op('Shape', [result]), 'shape', 'int64', [2]);
  const model = g.model();
  const { model: optimized } = applyPasses(model, 'default');
  for (const pick of [0, 1]) {
    const feeds = { x: randomTensor([2, 4], 2), pick: Tensor.fromNumbers('bool', [], [pick]) };
    expectEqualBits(await runOnce(optimized, feeds), await runOnce(model, feeds));
  }
});
