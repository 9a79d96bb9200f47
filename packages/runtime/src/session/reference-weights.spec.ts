import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { loadModel, parseModel, saveModel, serializeModel } from '@gossamer/graph/onnx';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { referenceWeights } from './reference-weights.js';
import { Session } from './session.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-reference-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SIZE = 64;
const weights = (seed: number) => Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i * seed) / SIZE);

function twoLayers(): Model {
  const g = new GraphBuilder('two');
  const x = g.input('x', 'float32', ['n', SIZE]);
  const hidden = g.op('MatMul', [x, g.weight('a', [SIZE, SIZE], weights(1.1))]);
  return g
    .output(g.op('MatMul', [hidden, g.weight('b', [SIZE, SIZE], weights(2.3))]), 'y', 'float32', ['n', SIZE])
    .model();
}

const feeds = { x: Tensor.of('float32', [1, SIZE], weights(0.7).slice(0, SIZE)) };

async function run(model: Model | string): Promise<number[]> {
  const session = await Session.open(model, { threads: 1 });
  const { y } = await session.run(feeds);
  await session.dispose();
  return [...y!.toFloat32()];
}

test.each(['never', 'always'] as const)('weights of a file stay in it (external data: %s)', async (externalData) => {
  const path = join(folder, `${externalData}.onnx`);
  await saveModel(twoLayers(), path, { externalData, fsync: false });
  const model = await loadModel(path);
  const { bytes, folder: where } = referenceWeights(model, 1e9)!;
  expect(bytes.length).toBeLessThan(2000);
  expect(where).toBe(realpathSync(folder));
  expect(await run(model)).toEqual(await run(path));
});

test('an edited weight goes into the message, the others stay', async () => {
  const path = join(folder, 'edited.onnx');
  await saveModel(twoLayers(), path, { fsync: false });
  const model = (await loadModel(path)).clone();
  const edited = Tensor.of('float32', [SIZE, SIZE], weights(3.1));
  model.graph.setInitializer(model.graph.value('a')!, edited);
  const { bytes } = referenceWeights(model, 1e9)!;
  expect(bytes.length).toBeGreaterThan(edited.byteLength);
  expect(bytes.length).toBeLessThan(edited.byteLength + 2000);
  expect(await run(model)).toEqual(await run(parseModel(serializeModel(model))));
  expect(await run(model)).not.toEqual(await run(path));
});

test('links are followed: the layout of a cache with one folder of blobs', async () => {
  const blobs = join(folder, 'blobs');
  const snapshot = join(folder, 'snapshot');
  mkdirSync(blobs);
  mkdirSync(snapshot);
  await saveModel(twoLayers(), join(blobs, 'model.onnx'), { externalData: 'always', fsync: false });
  for (const name of readdirSync(blobs)) symlinkSync(join(blobs, name), join(snapshot, name));
  const model = await loadModel(join(snapshot, 'model.onnx'));
  expect(referenceWeights(model, 1e9)!.folder).toBe(realpathSync(blobs));
  expect(await run(model)).toEqual(await run(twoLayers()));
  rmSync(blobs, { recursive: true });
  rmSync(snapshot, { recursive: true });
});

test('a file with a second name is not referred to: ONNX Runtime would refuse it', async () => {
  const path = join(folder, 'first-name.onnx');
  await saveModel(twoLayers(), path, { fsync: false });
  linkSync(path, join(folder, 'second-name.onnx'));
  const model = await loadModel(path);
  expect(referenceWeights(model, 1e9)!.folder).toBeUndefined();
  expect(await run(model)).toEqual(await run(twoLayers()));
  rmSync(path);
  rmSync(join(folder, 'second-name.onnx'));
});

test('a file that was replaced since is not referred to', async () => {
  const path = join(folder, 'edited.onnx');
  await saveModel(twoLayers(), path, { fsync: false });
  const model = await loadModel(path);
  const before = await run(model);
  const other = (await loadModel(path)).clone();
  other.graph.setInitializer(other.graph.value('a')!, Tensor.of('float32', [SIZE, SIZE], weights(9)));
  await saveModel(other, path, { fsync: false });
  expect(referenceWeights(model, 1e9)!.folder).toBeUndefined();
  expect(await run(model)).toEqual(before);
});

test('a model in memory needs no folder; one that is too large for a message is none', async () => {
  expect(referenceWeights(twoLayers(), 1e9)!.folder).toBeUndefined();
  expect(referenceWeights(twoLayers(), 1000)).toBeUndefined();
});

test('nothing is left behind', () => {
  expect(readdirSync(folder).filter((name) => !/^(never|always|edited)\.onnx(\.\w+\.data)?$/.test(name))).toEqual([]);
});
