import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { detectState } from './detect-state.js';
import { Session } from './session.js';

const root = join(__dirname, '../../../..');
const lenet = join(root, 'fixtures/models/lenet-5.onnx');
const silero = join(root, 'node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx');

/** y = relu(x) + 1, an integer output and a bool one beside it. */
function small() {
  const g = new GraphBuilder('small');
  const x = g.input('x', 'float32', ['n', 2]);
  const y = g.op('Add', [g.op('Relu', [x]), g.constant(1, 'float32')]);
  g.output(y, 'y', 'float32', ['n', 2]);
  g.output(g.op('Greater', [y, g.constant(1, 'float32')]), 'b', 'bool', ['n', 2]);
  return g.output(g.op('Shape', [x]), 's', 'int64', [2]).model();
}

test.each(['ort', 'reference'])('%s runs a graph built in memory, whatever its dtypes', async (engine) => {
  const session = await Session.open(small(), { engine });
  const { y, b, s } = await session.run({ x: Tensor.fromNumbers('float32', [1, 2], [-1, 3]) });
  expect([...y!.toFloat32()]).toEqual([1, 4]);
  expect([...b!.toIntegers()]).toEqual([0, 1]);
  expect(s!.toIntegers()).toEqual([1, 2]);
  const only = await session.run({ x: Tensor.fromNumbers('float32', [1, 2], [0, 0]) }, { outputs: ['s'] });
  expect(Object.keys(only)).toEqual(['s']);
  await session.dispose();
  await expect(session.run({})).rejects.toMatchObject({ code: 'ERR_ENGINE' });
});

test('a path, its bytes and its IR give the same outputs', async () => {
  const feeds = {
    input: Tensor.of(
      'float32',
      [1, 1, 28, 28],
      Float32Array.from({ length: 784 }, (_, i) => Math.sin(i)),
    ),
  };
  const outputs: number[][] = [];
  for (const model of [lenet, readFileSync(lenet), await loadModel(lenet)]) {
    const session = await Session.open(model, { threads: 1 });
    outputs.push([...(await session.run(feeds))['logits']!.toFloat32()]);
    await session.dispose();
  }
  expect(outputs[1]).toEqual(outputs[0]);
  expect(outputs[2]).toEqual(outputs[0]);
});

test('wrong feeds, engines and files are named', async () => {
  const session = await Session.open(small());
  await expect(session.run({ z: Tensor.scalar('float32', 1) })).rejects.toMatchObject({ code: 'ERR_FEEDS' });
  const wrong = session.run({ x: Tensor.fromNumbers('float32', [3], [1, 2, 3]) });
  await expect(wrong).rejects.toMatchObject({ code: 'ERR_ORT_RUN' });
  await session.dispose();
  await expect(Session.open(small(), { engine: 'abacus' })).rejects.toMatchObject({ code: 'ERR_ENGINE' });
  await expect(Session.open(join(root, 'README.md'))).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_/) as string,
  });
});

test('a recurrent model carries its state: steps differ from runs that start afresh', async () => {
  const model = await loadModel(silero);
  const state = detectState(model);
  expect(state).toEqual([{ input: 'state', output: 'stateN' }]);
  const session = await Session.open(silero, { threads: 1 });
  const stepper = session.stepper({
    state: state.map((link) => ({ ...link, init: Tensor.of('float32', [2, 1, 128], new Float32Array(256)) })),
  });
  const sr = Tensor.scalar('int64', 16000);
  const input = Tensor.of(
    'float32',
    [1, 576],
    Float32Array.from({ length: 576 }, (_, i) => Math.sin(i / 3) * 0.3),
  );
  const first = (await stepper.step({ input, sr }))['output']!.toFloat32()[0];
  const second = (await stepper.step({ input, sr }))['output']!.toFloat32()[0];
  expect(second).not.toBe(first);
  stepper.reset();
  expect((await stepper.step({ input, sr }))['output']!.toFloat32()[0]).toBe(first);
  await session.dispose();
});
