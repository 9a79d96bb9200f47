import { GraphBuilder } from '../../builder.js';
import { addIf } from '../testing/add-if.js';
import { checkExact, kinds } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

test('every reader of an identity reads its input', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const same = g.op('Identity', [x]);
  g.output(g.op('Add', [g.op('Relu', [same]), g.op('Neg', [same])]), 'y', 'float32', ['n', 4]);
  const { model, applied } = await checkExact(g.model(), ['eliminate-identity'], feeds);
  expect(applied).toEqual([{ pass: 'eliminate-identity', changes: 1 }]);
  expect(kinds(model)).toEqual(['Relu', 'Neg', 'Add']);
});

test('a graph output keeps its name: the producer of the input takes it', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const hidden = g.op('Relu', [x]);
  g.output(g.op('Neg', [hidden]), 'z', 'float32', ['n', 4]);
  g.output(g.op('Identity', [hidden]), 'y', 'float32', ['n', 4]);
  const { model } = await checkExact(g.model(), ['eliminate-identity'], feeds);
  expect(kinds(model)).toEqual(['Relu', 'Neg']);
  expect(model.graph.outputs.map(String)).toEqual(['z', 'y']);
});

test('an identity of an input, or of another output, that is an output stays', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const z = g.op('Relu', [x]);
  g.output(z, 'z', 'float32', ['n', 4]);
  g.output(g.op('Identity', [x]), 'y', 'float32', ['n', 4]);
  g.output(g.op('Identity', [z]), 'w', 'float32', ['n', 4]);
  const { applied } = await checkExact(g.model(), ['eliminate-identity'], feeds);
  expect(applied).toEqual([]);
});

test('identities in branches: captures are read directly, an output that is a capture stays', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const same = g.op('Identity', [x]);
  const y = addIf(g, (graph, name) => {
    const inner = graph.add({ op: 'Identity', inputs: [same], outputs: [`${name}_inner`] });
    const op = name === 'then_branch' ? 'Relu' : 'Identity';
    return graph.add({ op, inputs: [inner.output], outputs: [`${name}_out`] }).output;
  });
  g.output(y, 'y', 'float32', ['n', 4]);
  const { model } = await checkExact(g.model(), ['eliminate-identity'], feeds);
  expect(kinds(model)).toEqual(['If', 'Relu', 'Identity']);
});
