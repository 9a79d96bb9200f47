import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import * as tf from '@tensorflow/tfjs-core';
import { join } from 'node:path';
import { expectLike, randomNumbers, randomTensor } from '../tfjs/testing/compare.js';
import { describeTfjs } from '../tfjs/describe-tfjs.js';
import { Session } from './session.js';

const fixture = (name: string) => join(__dirname, '../../../../fixtures/models', name);

/** A layer of weights that are fed, one whose weights are constant, an integer output. */
function layers(): Model {
  const g = new GraphBuilder('layers', { opset: 21 });
  const next = randomNumbers(3);
  const x = g.input('x', 'float32', [2, 3, 5, 5]);
  const w = g.input('w', 'float32', [4, 3, 3, 3]);
  const first = g.op('Relu', [g.op('Conv', [x, w], { pads: [1, 1, 1, 1] })]);
  const constant = g.weight('constant', [6, 4, 1, 1], randomTensor(next, 24).toFloat32());
  const second = g.op('Conv', [first, constant]);
  return g
    .output(g.op('ArgMax', [second], { axis: 1 }), 'classes')
    .output(second, 'y')
    .model();
}

const feeds = () => {
  const next = randomNumbers(5);
  return { x: randomTensor(next, 2, 3, 5, 5), w: randomTensor(next, 4, 3, 3, 3) };
};

// Float32 sums of up to a few thousand terms, in two orders, layer after layer.
test.each([
  ['lenet-5.onnx', [2, 1, 28, 28]],
  ['lenet-300-100.onnx', [3, 1, 28, 28]],
  ['resnet20-mnist.onnx', [2, 1, 28, 28]],
])('%s as ONNX Runtime runs it', async (name, dims) => {
  await expectLike('ort', fixture(name), { input: randomTensor(randomNumbers(7), ...dims) }, 1e-5);
});

test('weights may be fed; integers come back as the model has them', async () => {
  const { classes } = await expectLike('ort', layers(), feeds(), 1e-6);
  expect(classes!.dtype).toBe('int64');
});

test('a run leaves no tensor behind, and a disposed session none of its constants', async () => {
  const before = tf.memory().numTensors;
  const session = await Session.open(layers(), { engine: 'tfjs' });
  await session.run(feeds());
  const held = tf.memory().numTensors;
  for (let i = 0; i < 20; i++) await session.run(feeds(), i % 2 === 0 ? {} : { outputs: ['y'] });
  expect(tf.memory().numTensors).toBe(held);
  await session.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('an output of what was fed is a copy', async () => {
  const g = new GraphBuilder('same', { opset: 21 });
  const x = g.input('x', 'float32', [2]);
  const model = g
    .output(x)
    .output(g.op('Reshape', [x, g.constant([2, 1])]), 'y')
    .model();
  const session = await Session.open(model, { engine: 'tfjs' });
  const data = Float32Array.of(1, 2);
  const outputs = await session.run({ x: Tensor.of('float32', [2], data) });
  data.fill(7);
  expect([...outputs['x']!.toFloat32(), ...outputs['y']!.toFloat32()]).toEqual([1, 2, 1, 2]);
  await session.dispose();
});

function looksUp(dim: number | string): Model {
  const g = new GraphBuilder('table', { opset: 21 });
  const table = g.input('table', 'float32', [3, 2]);
  return g.output(g.op('Gather', [table, g.input('rows', 'int64', [dim])]), 'y').model();
}

test('an error in the middle of a run names the node and leaves no tensor behind', async () => {
  const session = await Session.open(looksUp('n'), { engine: 'tfjs' });
  const before = tf.memory().numTensors;
  const table = randomTensor(randomNumbers(2), 3, 2);
  const run = (...rows: bigint[]) =>
    session.run({ table, rows: Tensor.of('int64', [rows.length], BigInt64Array.from(rows)) });
  expect((await run(2n, -1n))['y']!.dims).toEqual([2, 2]);
  await expect(run(2n ** 31n)).rejects.toMatchObject({
    code: 'ERR_TFJS_RUN',
    message: expect.stringMatching(/Gather .*expected integers of 32 bits, received 2147483648/) as string,
  });
  await expect(run(7n)).rejects.toMatchObject({ code: 'ERR_TFJS_RUN' });
  expect(tf.memory().numTensors).toBe(before);
  await session.dispose();
});

test('sums of integers are exact beyond 32 bits, on the host', async () => {
  const g = new GraphBuilder('sum', { opset: 21 });
  const x = g.input('x', 'int64', [2]);
  const model = g.output(g.op('Add', [g.op('Mul', [x, x]), x]), 'y').model();
  const values = BigInt64Array.of(2n ** 31n + 1n, -3n);
  await expectLike('reference', model, { x: Tensor.of('int64', [2], values) }, 0);
});

test('what it lacks is refused by name before anything runs', async () => {
  const open = (model: Model) => Session.open(model, { engine: 'tfjs' });
  const g = new GraphBuilder('net', { opset: 21 });
  const x = g.input('x', 'float32', [1, 2, 2]);
  const det = g.output(g.op('Det', [x], {}, { name: 'determinant' }), 'y').model();
  await expect(open(det)).rejects.toMatchObject({
    code: 'ERR_ENGINE_COVERAGE',
    message: expect.stringContaining('Det (determinant: no such operator') as string,
  });
  const h = new GraphBuilder('wide', { opset: 21 });
  const wide = h.output(h.op('Neg', [h.input('x', 'float64', [1])], {}, { name: 'minus' }), 'y').model();
  await expect(open(wide)).rejects.toMatchObject({
    code: 'ERR_ENGINE_COVERAGE',
    message: expect.stringContaining('Neg (minus: x: elements of float64') as string,
  });
  const far = new GraphBuilder('far', { opset: 21 });
  const limit = far.graph.addInitializer('limit', Tensor.scalar('int64', 2n ** 40n));
  const beyond = far.op('Less', [far.input('x', 'int64', [2]), limit], {}, { name: 'compare' });
  await expect(open(far.output(beyond, 'y').model())).rejects.toMatchObject({
    code: 'ERR_ENGINE_COVERAGE',
    message: expect.stringContaining('limit: 1099511627776 does not fit int32') as string,
  });
});

test('feeds of another type or size are refused', async () => {
  const session = await Session.open(looksUp(2), { engine: 'tfjs' });
  const table = randomTensor(randomNumbers(2), 3, 2);
  for (const rows of [Tensor.fromNumbers('int32', [2], [0, 1]), Tensor.fromNumbers('int64', [3], [0, 1, 2])]) {
    await expect(session.run({ table, rows })).rejects.toMatchObject({ code: 'ERR_FEEDS' });
  }
  await session.dispose();
});

test('a backend that is not installed is named with the command that installs it', async () => {
  const before = process.env['GOSSAMER_TFJS_BACKEND'];
  try {
    process.env['GOSSAMER_TFJS_BACKEND'] = 'node-gpu';
    await expect(Session.open(looksUp(2), { engine: 'tfjs' })).rejects.toMatchObject({
      code: 'ERR_ENGINE_MISSING',
      message: expect.stringContaining('not installed; npm install @tensorflow/tfjs-node-gpu@4.22.0') as string,
    });
    expect(await describeTfjs()).toEqual({
      found: 'not installed',
      install: 'npm install @tensorflow/tfjs-node-gpu@4.22.0',
    });
    process.env['GOSSAMER_TFJS_BACKEND'] = 'cpu';
    expect(await describeTfjs()).toEqual({ found: '@tensorflow/tfjs-backend-cpu 4.22.0, on the CPU' });
    process.env['GOSSAMER_TFJS_BACKEND'] = 'webgl';
    await expect(Session.open(looksUp(2), { engine: 'tfjs' })).rejects.toMatchObject({ code: 'ERR_OPTION' });
  } finally {
    process.env['GOSSAMER_TFJS_BACKEND'] = before;
  }
});
