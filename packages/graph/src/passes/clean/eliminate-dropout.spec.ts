import { GraphBuilder } from '../../builder.js';
import { checkExact, kinds } from '../testing/check-pass.js';
import { randomTensor } from '../testing/random.js';

const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

test.each([7, 10, 13, 17])('opset %i: dropout in inference mode is its input', async (opset) => {
  const g = new GraphBuilder('net', { opset });
  const x = g.input('x', 'float32', ['n', 4]);
  g.output(g.op('Dropout', [g.op('Relu', [x])]), 'y', 'float32', ['n', 4]);
  const { model } = await checkExact(g.model(), ['eliminate-dropout'], feeds);
  expect(kinds(model)).toEqual(['Relu']);
});

test('a constant training_mode of false is inference, true and unknown ones stay', async () => {
  const build = (training: boolean | undefined) => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', 4]);
    const mode = training === undefined ? g.input('mode', 'bool', []) : g.constant(Number(training), 'bool');
    const ratio = g.constant(0, 'float32');
    return g.output(g.op('Dropout', [g.op('Relu', [x]), ratio, mode]), 'y', 'float32', ['n', 4]).model();
  };
  expect(kinds((await checkExact(build(false), ['eliminate-dropout'], feeds)).model)).toEqual(['Relu']);
  expect(kinds((await checkExact(build(true), ['eliminate-dropout'], [])).model)).toEqual(['Relu', 'Dropout']);
  expect(kinds((await checkExact(build(undefined), ['eliminate-dropout'], [])).model)).toEqual(['Relu', 'Dropout']);
});

test('a dropout whose mask is read stays', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const [y, mask] = g.ops('Dropout', [g.op('Relu', [x])], {}, { outputs: 2 });
  g.output(y!, 'y', 'float32', ['n', 4]).output(g.op('Not', [mask!]), 'm', 'bool', ['n', 4]);
  expect((await checkExact(g.model(), ['eliminate-dropout'], feeds)).applied).toEqual([]);
});
