import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serializeModel } from '@gossamer/graph/onnx';
import { buildArchitecture, crossEntropy, train } from '@gossamer/train';
import { pruneWeights } from '../prune-weights.js';
import { accuracy } from '../testing/accuracy.js';
import { digits } from '../testing/digits.js';
import type { Learner } from './learner.js';
import { sparsityOf } from './rounds.js';
import { trainGroupsSparse } from './train-groups-sparse.js';
import { trainSparse } from './train-sparse.js';

const data = digits(0, 400, [784]);
const held = digits(2000, 400, [784]);
const net = () => buildArchitecture('mlp-784-24-12-10', 3);
const learn: Learner = (model, lesson) =>
  train(model, data, {
    ...{
      losses: [{ loss: crossEntropy() }],
      batch: 20,
      epochs: 3,
      optimizer: 'sgd',
      learningRate: 0.2,
      seed: 5,
      threads: 1,
    },
    ...lesson,
  });
const refused = expect.objectContaining({ code: 'ERR_PRUNE_OPTION' }) as Error;

test('L1: exact zeros by the penalty, the rest by magnitude, and better than pruning what was trained without', async () => {
  const { model, sparsity, byPenalty } = await trainSparse(net(), { sparsity: 0.985, strength: 3e-3, learn });
  expect(byPenalty).toBeGreaterThan(0.2);
  expect(sparsity).toBeGreaterThanOrEqual(0.985 - 3 / (784 * 24));
  expect(sparsityOf(model, {})).toBe(sparsity);
  const dense = (await learn(net(), {})).model;
  expect(sparsityOf(dense, {})).toBeLessThan(0.01);
  const { model: pruned } = await pruneWeights(dense, { sparsity: 0.985 });
  expect(await accuracy(model, held)).toBeGreaterThan(await accuracy(pruned, held));
});

test('what the penalty took beyond the target stays 0', async () => {
  const { sparsity, byPenalty } = await trainSparse(net(), { sparsity: 0.1, strength: 4e-3, learn });
  expect(sparsity).toBe(byPenalty);
});

test('group lasso: units of exact zeros, removed with those of least norm', async () => {
  const start = net();
  const result = await trainGroupsSparse(start, { sparsity: 0.5, strength: 0.12, learn });
  expect(result.byPenalty).toBeGreaterThan(0);
  expect(result.removed).toBe(18);
  expect(result.kept).toEqual([]);
  expect(result.warnings).toEqual([]);
  expect(serializeModel(result.model).byteLength).toBeLessThan(serializeModel(start).byteLength);
  expect(await accuracy(result.model, held)).toBeGreaterThan(0.5);
});

test.each([
  [
    'L1',
    (folder?: string, own = learn) =>
      trainSparse(net(), { sparsity: 0.9, strength: 1e-3, learn: own, ...(folder ? { folder } : {}) }),
  ],
  [
    'group lasso',
    (folder?: string, own = learn) =>
      trainGroupsSparse(net(), { sparsity: 0.4, strength: 0.01, learn: own, ...(folder ? { folder } : {}) }),
  ],
] as const)('%s: taken up again, it ends in the same bytes', async (_, run) => {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-sparse-'));
  try {
    const whole = await run();
    let calls = 0;
    const stopping: Learner = async (model, lesson) => {
      if (++calls === 2) throw new Error('stopped');
      return learn(model, lesson);
    };
    await expect(run(folder, stopping)).rejects.toThrow('stopped');
    const resumed = await run(folder, stopping);
    expect(calls).toBe(3);
    expect(serializeModel(resumed.model)).toEqual(serializeModel(whole.model));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what cannot be is refused', async () => {
  for (const wrong of [{ sparsity: 0 }, { strength: 0 }, { strength: NaN }]) {
    await expect(trainSparse(net(), { sparsity: 0.5, strength: 1, learn, ...wrong })).rejects.toThrow(refused);
    await expect(trainGroupsSparse(net(), { sparsity: 0.5, strength: 1, learn, ...wrong })).rejects.toThrow(refused);
  }
  await expect(trainGroupsSparse(net(), { sparsity: 0.5, strength: 1, learn, groups: () => false })).rejects.toThrow(
    refused,
  );
});
