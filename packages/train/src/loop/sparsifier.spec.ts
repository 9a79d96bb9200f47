import type { Model } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mlp } from '../architectures/mlp.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import type { Sparsifier } from './sparsifier.js';
import { blobs, CLASSES, INPUTS } from './testing/blobs.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';

const NAME = 'fc1.weight';
const net = () => mlp([INPUTS, 16, CLASSES], 3);
const base: TrainOptions = {
  losses: [{ loss: crossEntropy() }],
  batch: 16,
  epochs: 2,
  learningRate: 0.01,
  seed: 5,
  threads: 1,
};
const weights = (model: Model): Float32Array => model.graph.value(NAME)!.initializer!.toFloat32();

/** Places of the `count` least of `scores`, ties by place. */
const least = (scores: ArrayLike<number>, count: number): Set<number> =>
  new Set(
    Array.from(scores, (_, i) => i)
      .sort((i, j) => scores[i]! - scores[j]! || i - j)
      .slice(0, count),
  );

/** Removes more and more of the smallest weights; a removed one can only come back while its gradient is large. */
const growing = (): Sparsifier => ({
  parameters: [NAME],
  digest: 'growing',
  beforeStep({ step, steps, parameters }) {
    const { weight, mask, gradient } = parameters.get(NAME)!;
    expect(gradient.some((value, i) => mask[i] === 0 && value !== 0) || step === 0).toBe(true);
    const gone = least(weight.map(Math.abs), Math.floor(((step + 1) / steps) * 0.75 * weight.length));
    mask.forEach((_, i) => (mask[i] = gone.has(i) ? 0 : 1));
  },
});

/** As dynamic network surgery has it: removed weights are trained on, out of sight. */
const surgery = (): Sparsifier => {
  let dense: Float32Array;
  return {
    parameters: [NAME],
    digest: 'surgery',
    freezes: false,
    state(parameters) {
      dense = parameters.get(NAME)!.weight.slice();
      return new Map([['dense', dense]]);
    },
    beforeStep: ({ parameters }) => parameters.get(NAME)!.weight.set(dense),
    afterStep({ parameters }) {
      const { weight, mask } = parameters.get(NAME)!;
      dense.set(weight);
      const gone = least(dense.map(Math.abs), weight.length / 2);
      weight.forEach((_, i) => {
        mask[i] = gone.has(i) ? 0 : 1;
        if (mask[i] === 0) weight[i] = 0;
      });
    },
  };
};

test('masks change from update to update: what is removed is 0, and the result says what', async () => {
  const { model, masks } = await train(net(), blobs(200), { ...base, sparsifier: growing() });
  const found = weights(model);
  const mask = masks.get(NAME)!;
  expect(mask.filter((keep) => keep === 0)).toHaveLength(0.75 * found.length);
  found.forEach((value, i) => expect(value === 0).toBe(mask[i] === 0));
});

test('weights that are given masked stay 0 until the sparsifier says otherwise; the array that is given does not change', async () => {
  const given = new Uint8Array(INPUTS * 16).map((_, i) => i % 2);
  const seen: number[] = [];
  const sparsifier: Sparsifier = {
    parameters: [NAME],
    digest: 'all come back',
    beforeStep({ step, parameters }) {
      const { weight, mask } = parameters.get(NAME)!;
      seen.push(weight.filter((value) => value === 0).length);
      if (step === 3) mask.fill(1);
    },
  };
  const { model, masks } = await train(net(), blobs(200), { ...base, masks: new Map([[NAME, given]]), sparsifier });
  expect(seen.slice(0, 5)).toEqual([given.length / 2, given.length / 2, given.length / 2, given.length / 2, 0]);
  expect(weights(model).every((value) => value !== 0)).toBe(true);
  expect(given).toEqual(given.map((_, i) => i % 2));
  expect(masks.get(NAME)).toEqual(given.fill(1));
});

test('masked weights that a sparsifier does not freeze come back as they became meanwhile', async () => {
  const returned = new Set<number>();
  const inner = surgery();
  let before: Uint8Array | undefined;
  const sparsifier: Sparsifier = {
    ...inner,
    afterStep(context) {
      inner.afterStep!(context);
      const { weight, mask } = context.parameters.get(NAME)!;
      mask.forEach((keep, i) => {
        if (keep === 1 && before?.[i] === 0 && weight[i] !== 0) returned.add(i);
      });
      before = mask.slice();
    },
  };
  await train(net(), blobs(200), { ...base, optimizer: 'sgd', learningRate: 0.3, sparsifier });
  expect(returned.size).toBeGreaterThan(0);
});

test.each([
  ['frozen', growing],
  ['in motion', surgery],
])('%s: an ended training goes on with its masks and what the sparsifier keeps, to the same bytes', async (_, make) => {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-sparsifier-'));
  try {
    const checkpoint = { path: join(folder, 'a.safetensors') };
    const whole = await train(net(), blobs(200), { ...base, sparsifier: make() });
    const abort = new AbortController();
    const ended = train(net(), blobs(200), {
      ...{ ...base, sparsifier: make(), checkpoint, signal: abort.signal },
      onStep: ({ step }) => step === 9 && abort.abort(new Error('stopped')),
    });
    await expect(ended).rejects.toThrow('stopped');
    const other = train(net(), blobs(200), { ...base, checkpoint, sparsifier: { ...make(), digest: 'another' } });
    await expect(other).rejects.toMatchObject({ code: 'ERR_CHECKPOINT' });
    const resumed = await train(net(), blobs(200), { ...base, sparsifier: make(), checkpoint });
    expect(serializeModel(resumed.model)).toEqual(serializeModel(whole.model));
    expect(resumed.masks).toEqual(whole.masks);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  [{ sparsifier: { parameters: ['fc9'], digest: '' } }, 'sparsifier.parameters: expected names of trained parameters'],
  [{ sparsifier: growing(), masks: new Map([[NAME, new Uint8Array(1)]]) }, `mask of ${NAME}: expected`],
  [{ sparsifier: growing(), patience: 1, validation: {} }, 'patience: expected none with a sparsifier'],
])('%o is refused', async (options, text) => {
  const training = train(net(), blobs(100), { ...base, ...options });
  await expect(training).rejects.toMatchObject({ code: 'ERR_TRAIN_OPTIONS', message: expect.stringContaining(text) });
});
