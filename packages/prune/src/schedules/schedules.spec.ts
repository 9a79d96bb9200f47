import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { buildArchitecture, crossEntropy, train } from '@gossamer/train';
import { zeroMasks } from '../masks/zero-masks.js';
import { accuracy } from '../testing/accuracy.js';
import { digits } from '../testing/digits.js';
import type { Learner } from './learner.js';
import { lotteryTicket } from './lottery-ticket.js';
import { pruneIteratively } from './prune-iteratively.js';
import { roundSparsities } from './rounds.js';
import { recover } from './recover.js';
import { pruneWeights } from '../prune-weights.js';

const data = digits(0, 800, [784]);
const held = digits(2000, 400, [784]);
const net = () => buildArchitecture('mlp-784-32-10', 3);
const learn: Learner = (model, lesson) =>
  train(model, data, {
    ...{ losses: [{ loss: crossEntropy() }], batch: 40, optimizer: 'adam', seed: 5, threads: 1 },
    ...(lesson.steps === undefined ? { epochs: 3 } : {}),
    ...lesson,
  });
const weights = ['fc1.weight', 'fc2.weight'];
const valuesOf = (model: Model, name: string) => model.graph.value(name)!.constant!.toFloat32();
const trained = async () => (await learn(net(), {})).model;

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-stages-'));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('recovery keeps zeros, gives accuracy back, and a learner that loses the masks is found out', async () => {
  const { model } = await pruneWeights(await trained(), { sparsity: 0.97 });
  const [before, masks] = [serializeModel(model), zeroMasks(model)];
  const recovered = await recover(model, learn);
  expect(serializeModel(model)).toEqual(before);
  expect(zeroMasks(recovered.model)).toEqual(masks);
  expect(await accuracy(recovered.model, held)).toBeGreaterThan(await accuracy(model, held));
  await expect(recover(model, (own, { masks: _, ...lesson }) => learn(own, lesson))).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_PRUNE_MASK' }) as Error,
  );
});

test('iteratively: each round takes the same share of what is left, for good; better than at once', async () => {
  const start = await trained();
  const { model, rounds } = await pruneIteratively(start, { sparsity: 0.97, rounds: 3, learn });
  expect(roundSparsities(0.875, 3)).toEqual([0.5, 0.75, 0.875]);
  roundSparsities(0.97, 3).forEach((share, i) => {
    // The floor of the number of elements.
    expect(Math.abs(rounds[i]!.sparsity - share)).toBeLessThan(1 / (784 * 32));
    if (i === 0) return;
    for (const name of weights) {
      const [earlier, later] = [i - 1, i].map((at) => zeroMasks(rounds[at]!.model).get(name)!);
      expect(earlier!.every((keep, at) => keep === 1 || later![at] === 0)).toBe(true);
    }
  });
  const { model: once } = await pruneWeights(start, { sparsity: 0.97 });
  const recovered = await recover(once, learn);
  expect(await accuracy(model, held)).toBeGreaterThan(await accuracy(recovered.model, held));
});

const SCHEDULE = { steps: 60, to: 15, schedule: (step: number) => 2e-3 * (1 - step / 60) };

test('a lottery ticket begins each round with the early weights', async () => {
  const started: Model[] = [];
  const rates: number[] = [];
  const { rounds } = await lotteryTicket(net(), {
    ...{ sparsity: 0.8, rounds: 2, ...SCHEDULE },
    learn: (model, lesson) => {
      started.push(model);
      rates.push((lesson.learningRate as (step: number) => number)(0), lesson.steps!);
      return learn(model, lesson);
    },
  });
  expect(rounds.map(({ name }) => name)).toEqual(['early', 'dense', 'round-1', 'round-2']);
  expect(rates).toEqual([2e-3, 15, ...[1, 2, 3].flatMap(() => [2e-3 * 0.75, 45])]);
  const early = rounds[0]!.model;
  for (const at of [2, 3]) {
    for (const name of [...weights, 'fc1.bias']) {
      const [own, first, end] = [started[at]!, early, rounds[at]!.model].map((model) => valuesOf(model, name));
      const mask = zeroMasks(rounds[at]!.model).get(name);
      expect(own).toEqual(mask ? first!.map((value, i) => (mask[i] === 0 ? 0 : value)) : first);
      expect(end).not.toEqual(own);
    }
  }
  expect(rounds[3]!.sparsity).toBeCloseTo(0.8, 3);
  // What is gone had become small, not been small: the masks are those of the trained weights.
  const { model: pruned } = await pruneWeights(rounds[1]!.model, { sparsity: 1 - Math.sqrt(0.2) });
  expect(zeroMasks(pruned)).toEqual(zeroMasks(rounds[2]!.model));
});

test('with the rate alone rewound, weights go on from where they are', async () => {
  const started: Model[] = [];
  const { rounds } = await lotteryTicket(net(), {
    ...{ sparsity: 0.7, rounds: 1, rewind: 'rate', ...SCHEDULE },
    learn: (model, lesson) => {
      started.push(model);
      return learn(model, lesson);
    },
  });
  const { model } = await pruneWeights(rounds[1]!.model, { sparsity: 0.7 });
  expect(serializeModel(started[2]!)).toEqual(serializeModel(model));
});

test.each([
  [
    'iterative',
    (folder: string | undefined, own: Learner) =>
      pruneIteratively(net(), { sparsity: 0.9, rounds: 3, learn: own, ...(folder ? { folder } : {}) }),
  ],
  [
    'lottery',
    (folder: string | undefined, own: Learner) =>
      lotteryTicket(net(), { sparsity: 0.9, rounds: 2, learn: own, ...SCHEDULE, ...(folder ? { folder } : {}) }),
  ],
] as const)('%s: taken up again in the middle of a round, it ends in the same bytes', async (_, run) => {
  let stopAt = Infinity;
  let count = 0;
  const own: Learner = async (model, lesson) => {
    const stop = new AbortController();
    count++;
    const onStep = ({ step }: { step: number }) => {
      if (count === stopAt && step === 20) stop.abort(new Error('stopped'));
    };
    return train(model, data, {
      ...{ losses: [{ loss: crossEntropy() }], batch: 40, seed: 5, threads: 1, signal: stop.signal, onStep },
      ...(lesson.steps === undefined ? { epochs: 3 } : {}),
      ...lesson,
    });
  };
  const whole = await run(undefined, own);
  await inFolder(async (folder) => {
    [count, stopAt] = [0, 3];
    await expect(run(folder, own)).rejects.toThrow('stopped');
    const kept = await readdir(folder);
    expect(kept.filter((name) => name.endsWith('.onnx'))).toHaveLength(2);
    expect(kept.filter((name) => name.endsWith('.safetensors'))).toHaveLength(1);
    [count, stopAt] = [0, Infinity];
    const resumed = await run(folder, own);
    expect(count).toBe(whole.rounds.length - 2);
    resumed.rounds.forEach(({ model }, i) =>
      expect(serializeModel(model)).toEqual(serializeModel(whole.rounds[i]!.model)),
    );
    // All of it is there: nothing is trained.
    count = 0;
    expect(serializeModel((await run(folder, own)).model)).toEqual(serializeModel(whole.model));
    expect(count).toBe(0);
    await expect(pruneIteratively(net(), { sparsity: 0.5, learn: own, folder })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_PRUNE_STAGES' }) as Error,
    );
  });
});

test.each([
  [{ sparsity: 0 }, 'sparsity'],
  [{ sparsity: 0.5, rounds: 0 }, 'rounds'],
  [{ sparsity: 0.5, to: 60 }, 'to'],
  [{ sparsity: 0.5, steps: 0.5 }, 'steps'],
  [{ sparsity: 0.5, rewind: 'all' as 'rate' }, 'rewind'],
])('%j is refused', async (wrong, name) => {
  await expect(lotteryTicket(net(), { learn, ...SCHEDULE, ...wrong })).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_PRUNE_OPTION', message: expect.stringContaining(`${name}: `) }) as Error,
  );
});
