import { GraphBuilder } from '../../builder.js';
import { attribute, type AttributeValue } from '../../ir/attribute.js';
import { Tensor } from '../../ir/tensor.js';
import { addIf } from '../testing/add-if.js';
import { checkExact, kinds } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 2], n) }));

const values: Readonly<Record<string, AttributeValue>> = {
  value: attribute.tensor(Tensor.fromNumbers('float32', [2], [1.5, -2])),
  value_float: attribute.float(0.25),
  value_floats: attribute.floats([0.5, 4]),
};

test.each(Object.entries(values))('%s becomes an initializer under the name of the output', async (name, value) => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 2]);
  const constant = g.op('Constant', [], { [name]: value }, { name: 'c' });
  g.output(g.op('Mul', [x, constant]), 'y', 'float32', ['n', 2]);
  const { model } = await checkExact(g.model(), ['constants-to-initializers'], feeds);
  expect(kinds(model)).toEqual(['Mul']);
  expect([...model.graph.initializers()].map(String)).toEqual([constant.name]);
});

test.each(['value_int', 'value_ints'])('%s becomes an int64 initializer', async (name) => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 2]);
  const shape = g.op('Constant', [], { [name]: name === 'value_int' ? attribute.int(-1) : attribute.ints([-1]) });
  const target = name === 'value_int' ? g.op('Unsqueeze', [shape, g.constant([0])]) : shape;
  g.output(g.op('Reshape', [x, target]), 'y', 'float32', ['m']);
  const { model } = await checkExact(g.model(), ['constants-to-initializers'], feeds);
  expect(kinds(model)).not.toContain('Constant');
});

test('constants of branches become initializers of the branch; one that is a graph output stays', async () => {
  const g = new GraphBuilder('net', { irVersion: 3 });
  const x = g.input('x', 'float32', ['n', 2]);
  const y = addIf(g, (graph, name) => {
    const attributes = { value_float: attribute.float(2) };
    const two = graph.add({ op: 'Constant', inputs: [], outputs: ['two'], attributes });
    return graph.add({ op: 'Mul', inputs: [x, two.output], outputs: [`${name}_out`] }).output;
  });
  g.output(y, 'y', 'float32', ['n', 2]);
  g.output(g.op('Constant', [], { value_float: attribute.float(7) }), 'seven', 'float32', []);
  const { model } = await checkExact(g.model(), ['constants-to-initializers'], feeds);
  expect(kinds(model)).toEqual(['If', 'Constant', 'Mul', 'Mul']);
  const scopes = [...model.graph.scopes()].map((scope) => [...scope.initializers()].length);
  expect(scopes).toEqual([1, 1, 1]);
  expect(model.irVersion).toBe(4);
});
