import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { Tensor } from '../ir/tensor.js';
import { loadModel, parseModel, saveModel, serializeModel } from './index.js';

const fixture = join(__dirname, '../../../../fixtures/models/lenet-5.onnx');
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-save-'))));
afterEach(() => rmSync(folder, { recursive: true }));

test('external data: written, read lazily, accepted by ONNX Runtime, brought back in byte for byte', async () => {
  const original = readFileSync(fixture);
  const path = join(folder, 'beside.onnx');
  await saveModel(parseModel(original), path, { externalData: 'always' });
  expect(statSync(path).size).toBeLessThan(10_000);
  expect(readdirSync(folder)).toHaveLength(2);
  await (await InferenceSession.create(path)).release();

  const model = await loadModel(path);
  const weights = (m: typeof model) => [...m.graph.initializers()].map((v) => [v.name, v.initializer!.hash()]);
  expect(weights(model)).toEqual(weights(parseModel(original)));
  expect(weights(parseModel(serializeModel(model)))).toEqual(weights(model));
});

test('an unedited model with external data is copied with its data file, byte for byte', async () => {
  await saveModel(parseModel(readFileSync(fixture)), join(folder, 'a.onnx'), { externalData: 'always' });
  const copy = mkdtempSync(join(folder, 'copy-'));
  await saveModel(await loadModel(join(folder, 'a.onnx')), join(copy, 'b.onnx'));
  expect(readFileSync(join(copy, 'b.onnx')).equals(readFileSync(join(folder, 'a.onnx')))).toBe(true);
  const [data] = readdirSync(copy).filter((name) => name.endsWith('.data'));
  expect(readFileSync(join(copy, data!)).equals(readFileSync(join(folder, data!)))).toBe(true);
  await (await InferenceSession.create(join(copy, 'b.onnx'))).release();
});

test('an edited model keeps external data external and does not touch the old data file', async () => {
  const path = join(folder, 'a.onnx');
  await saveModel(parseModel(readFileSync(fixture)), path, { externalData: 'always' });
  const before = readdirSync(folder).find((name) => name.endsWith('.data'))!;
  const bytes = readFileSync(join(folder, before));
  const model = (await loadModel(path)).clone();
  const value = [...model.graph.initializers()].find((v) => v.initializer!.byteLength > 1024)!;
  const { dims, length } = value.initializer!;
  model.graph.setInitializer(value, Tensor.of('float32', dims, new Float32Array(length)));
  await saveModel(model, path);
  expect(readFileSync(join(folder, before)).equals(bytes)).toBe(true);
  expect(
    (await loadModel(path)).graph
      .value(value.name)!
      .constant!.toFloat32()
      .every((x) => x === 0),
  ).toBe(true);
  await (await InferenceSession.create(path)).release();
});

test('saving over the input works and leaves no temporary file', async () => {
  const path = join(folder, 'model.onnx');
  await saveModel(parseModel(readFileSync(fixture)), path);
  const model = (await loadModel(path)).clone();
  model.metadata.set('stage', 'edited');
  await saveModel(model, path);
  expect((await loadModel(path)).metadata.get('stage')).toBe('edited');
  expect(readdirSync(folder)).toEqual(['model.onnx']);
});

test('an aborted save leaves what was there', async () => {
  const path = join(folder, 'model.onnx');
  const signal = AbortSignal.abort();
  await expect(saveModel(parseModel(readFileSync(fixture)), path, { signal })).rejects.toMatchObject({
    code: 'ERR_ABORTED',
  });
  expect(readdirSync(folder)).toEqual([]);
});
