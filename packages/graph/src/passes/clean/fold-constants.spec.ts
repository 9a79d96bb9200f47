import { GraphBuilder } from '../../builder.js';
import { addIf } from '../testing/add-if.js';
import { applyPasses, checkExact, kinds } from '../testing/check-pass.js';
import { expectEqualBits } from '../testing/compare.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

const PASS = ['fold-constants', 'fold-reshape-shapes', 'eliminate-dead-code'];
const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

test('nodes over constants become initializers under their names', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const w = g.graph.addInitializer('w', randomTensor([8, 4], 5));
  const scaled = g.op('Mul', [w, g.constant(0.5, 'float32')]);
  const transposed = g.op('Transpose', [scaled], { perm: [1, 0] }, { name: 'transposed' });
  g.output(g.op('MatMul', [x, transposed]), 'y', 'float32', ['n', 8]);
  const { model } = await checkExact(g.model(), PASS, feeds);
  expect(kinds(model)).toEqual(['MatMul']);
  expect([...model.graph.initializers()].map(String)).toEqual([transposed.name]);
});

test('nothing is folded that makes the file more than 1 KB larger', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  // 257 floats are 4 bytes too many beside the 8 bytes of the shape; so is a second copy of a weight that stays.
  const zeros = g.op('ConstantOfShape', [g.constant([261, 1])]);
  const w = g.graph.addInitializer('w', randomTensor([4, 128], 5));
  const both = g.op('MatMul', [g.op('MatMul', [x, w]), g.op('Transpose', [w])]);
  g.output(both, 'y', 'float32', ['n', 4]).output(g.op('Add', [zeros, g.op('ReduceSum', [x])]), 'z', 'float32');
  const { applied } = await checkExact(g.model(), PASS, feeds);
  expect(applied).toEqual([]);
});

test('DequantizeLinear is never folded', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const codes = g.constant([1, 2, 3, 4], 'int8');
  const w = g.op('DequantizeLinear', [codes, g.constant(0.5, 'float32')]);
  g.output(g.op('Mul', [x, w]), 'y', 'float32', ['n', 4]);
  expect((await checkExact(g.model(), PASS, feeds)).applied).toEqual([]);
});

test('shapes that inference knows are folded, a symbolic one gives Reshape a -1', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const shape = g.op('Shape', [x]);
  const pick = (index: number) => g.op('Gather', [shape, g.constant([index])]);
  const half = g.op('Div', [pick(1), g.constant([2])]);
  const target = g.op('Concat', [pick(0), half, g.constant([2])], { axis: 0 });
  g.output(g.op('Reshape', [x, target]), 'y', 'float32', ['n', 2, 2]);
  const { model } = await checkExact(g.model(), PASS, feeds);
  expect(kinds(model)).toEqual(['Reshape']);
  const [reshape] = [...model.graph.nodes()];
  expect(reshape!.input(1)!.initializer!.toIntegers()).toEqual([-1, 2, 2]);
});

test('a graph output and random numbers stay', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  g.output(g.op('Neg', [g.constant([1, 2], 'float32')]), 'c', 'float32', [2]);
  g.output(g.op('Add', [x, g.op('RandomNormal', [], { shape: [4] })]), 'y', 'float32', ['n', 4]);
  expect((await checkExact(g.model(), PASS, [])).applied).toEqual([]);
});

test('inside a branch, over constants of the scope around it', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const two = g.constant(2, 'float32');
  const y = addIf(g, (graph, name) => {
    const four = graph.add({ op: 'Mul', inputs: [two, two], outputs: ['four'] }).output;
    return graph.add({ op: 'Mul', inputs: [x, four], outputs: [`${name}_out`] }).output;
  });
  g.output(y, 'y', 'float32', ['n', 4]);
  expect(kinds((await checkExact(g.model(), PASS, feeds)).model)).toEqual(['If', 'Mul', 'Mul']);
});

test('a hostile shape is left alone, with a warning', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const huge = g.op('Range', [g.constant(0), g.constant(2 ** 40), g.constant(1)]);
  g.output(x, 'x').output(g.op('Shape', [huge]), 's', 'int64', [1]);
  g.output(g.op('Cast', [huge], { to: 1 }), 'y', 'float32');
  const { applied } = await checkExact(g.model(), PASS, []);
  expect(applied).toEqual([]);
});

test('Squeeze with an empty axes input, which the standard and ONNX Runtime read in two ways, is left to the runtime', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [2]);
  const squeezed = g.op('Squeeze', [g.constant([1, 2], 'float32', [1, 2]), g.constant([], 'int64', [0])]);
  g.output(g.op('Add', [x, squeezed]), 'y').output(g.op('Size', [g.op('Shape', [squeezed])]), 'rank', 'int64', []);
  const model = g.model();
  const fed = { x: randomTensor([2], 1) };
  const { model: folded } = applyPasses(model, 'default');
  expectEqualBits(await runOnce(folded, fed), await runOnce(model, fed));
});
