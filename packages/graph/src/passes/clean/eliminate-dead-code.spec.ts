import { GraphBuilder } from '../../builder.js';
import { Graph } from '../../ir/graph.js';
import { Model } from '../../ir/model.js';
import { addIf } from '../testing/add-if.js';
import { checkExact, kinds } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

test('chains nothing reads, and their initializers, go', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  g.op('Relu', [g.op('Mul', [x, g.constant(2, 'float32')])]);
  g.output(g.op('Neg', [x]), 'y', 'float32', ['n', 4]);
  const { model, applied } = await checkExact(g.model(), ['eliminate-dead-code'], feeds);
  expect(kinds(model)).toEqual(['Neg']);
  expect([...model.graph.initializers()]).toEqual([]);
  expect(applied).toEqual([{ pass: 'eliminate-dead-code', changes: 3 }]);
});

test('an initializer that is an input stays: it is part of the contract', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const scale = g.input('scale', 'float32', [4]);
  g.graph.setInitializer(scale, randomTensor([4], 1));
  g.output(g.op('Neg', [x]), 'y', 'float32', ['n', 4]);
  const { model } = await checkExact(g.model(), ['eliminate-dead-code'], feeds);
  expect([...model.graph.initializers()].map(String)).toEqual(['scale']);
});

test('what only dead code of a branch reads is dead outside', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const outside = g.op('Relu', [x]);
  const y = addIf(g, (graph, name) => {
    graph.add({ op: 'Exp', inputs: [outside], outputs: [`${name}_dead`] });
    return graph.add({ op: 'Neg', inputs: [x], outputs: [`${name}_out`] }).output;
  });
  g.output(y, 'y', 'float32', ['n', 4]);
  const { model, applied } = await checkExact(g.model(), ['eliminate-dead-code'], feeds);
  expect(kinds(model)).toEqual(['If', 'Neg', 'Neg']);
  expect(applied).toEqual([{ pass: 'eliminate-dead-code', changes: 3 }]);
});

test('functions nothing calls go, called ones stay', async () => {
  const body = (name: string) => {
    const graph = new Graph(name);
    const a = graph.addInput('a');
    graph.addOutput(graph.add({ op: 'Relu', inputs: [a], outputs: ['b'] }).output);
    return { domain: 'own', name, overload: '', body: graph, opsets: new Map([['', 17]]), origin: undefined };
  };
  const g = new GraphBuilder('net', { domains: { own: 1 } });
  const x = g.input('x', 'float32', ['n', 4]);
  g.output(g.op('Used', [x], {}, { domain: 'own' }), 'y', 'float32', ['n', 4]);
  const model = new Model({ ...g.model(), functions: [body('Used'), body('Unused')] });
  const result = await checkExact(model, ['eliminate-dead-code'], feeds);
  expect(result.model.functions.map((f) => f.name)).toEqual(['Used']);
});
