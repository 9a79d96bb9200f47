import { GraphBuilder } from '../../builder.js';
import { attribute } from '../../ir/attribute.js';
import { addIf } from '../testing/add-if.js';
import { checkExact, kinds } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const PASS = ['eliminate-common-subexpressions'];
const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

test('chains of equal nodes become one', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const chain = () => g.op('Relu', [g.op('Softmax', [x], { axis: 1 })]);
  g.output(g.op('Add', [chain(), chain()]), 'y', 'float32', ['n', 4]);
  const { model, applied } = await checkExact(g.model(), PASS, feeds);
  expect(kinds(model)).toEqual(['Softmax', 'Relu', 'Add']);
  expect(applied).toEqual([{ pass: PASS[0], changes: 2 }]);
});

test('branches read what the scope around them computed before; siblings do not share', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const before = g.op('Exp', [x]);
  const y = addIf(g, (graph, name) => {
    const exp = graph.add({ op: 'Exp', inputs: [x], outputs: ['e'] }).output;
    const abs = graph.add({ op: 'Abs', inputs: [x], outputs: ['a'] }).output;
    return graph.add({ op: 'Add', inputs: [exp, abs], outputs: [`${name}_out`] }).output;
  });
  g.output(g.op('Add', [y, g.op('Add', [before, g.op('Abs', [x])])]), 'y', 'float32', ['n', 4]);
  const { model } = await checkExact(g.model(), PASS, feeds);
  expect(kinds(model)).toEqual(['Exp', 'If', 'Abs', 'Add', 'Add', 'Abs', 'Add', 'Abs', 'Add']);
});

test('other attributes, other inputs, random numbers, outputs and DequantizeLinear stay apart', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const alphas = [0.5, 0.25].map((alpha) => g.op('LeakyRelu', [x], { alpha: attribute.float(alpha) }));
  const order = [g.op('Sub', [alphas[0]!, x]), g.op('Sub', [x, alphas[0]!])];
  const codes = g.constant([1, 2, 3, 4], 'int8');
  const scale = g.constant(0.5, 'float32');
  const weights = [0, 1].map(() => g.op('DequantizeLinear', [codes, scale]));
  g.output(g.op('Sum', [...alphas, ...order, ...weights]), 'y');
  g.output(g.op('Neg', [x]), 'a').output(g.op('Neg', [x]), 'b');
  expect((await checkExact(g.model(), PASS, feeds)).applied).toEqual([]);
});

test('random nodes are not merged', async () => {
  const g = new GraphBuilder('net');
  const noise = () => g.op('RandomNormal', [], { shape: [4] });
  g.output(g.op('Sub', [noise(), noise()]), 'y', 'float32', [4]);
  expect((await checkExact(g.model(), PASS, [])).applied).toEqual([]);
});

test('the number of outputs is part of what Split computes', async () => {
  const g = new GraphBuilder('net', { opset: 13 });
  const x = g.input('x', 'float32', ['n', 6]);
  const split = (outputs: number) => g.ops('Split', [x], { axis: 1 }, { outputs });
  const [thirds, halves, again] = [split(3), split(2), split(2)];
  g.output(g.op('Neg', [thirds[0]!]), 'a')
    .output(g.op('Neg', [halves[0]!]), 'b')
    .output(g.op('Abs', [again[1]!]), 'c');
  const { applied } = await checkExact(g.model(), PASS, [
    { x: randomTensor([2, 6], 3) },
    { x: randomTensor([1, 6], 4) },
  ]);
  expect(applied).toEqual([{ pass: PASS[0], changes: 1 }]);
});
