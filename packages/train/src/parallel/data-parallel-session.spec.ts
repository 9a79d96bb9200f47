import { Tensor } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mlp } from '../architectures/mlp.js';
import { subset } from '../data/dataset.js';
import { toTrainingForm } from '../form/to-training-form.js';
import { blobs, CLASSES, INPUTS } from '../loop/testing/blobs.js';
import { train } from '../loop/train.js';
import type { TrainOptions } from '../loop/train-options.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { buildTrainingGraph, type TrainingGraph } from '../step/build-training-graph.js';
import { openTrainingSession } from '../step/training-session.js';
import { openDataParallelSession } from './data-parallel-session.js';
import { batchNet } from './testing/batch-net.js';
import { feedGraph } from './testing/feed-graph.js';

const code = (value: string) => expect.objectContaining({ code: value }) as Error;
const net = () => mlp([INPUTS, 16, CLASSES], 3);
const losses = [{ loss: crossEntropy() }];
const BATCH = 12;

const graphOf = (model: ReturnType<typeof net>) => (batch: number) =>
  buildTrainingGraph(toTrainingForm(model, { batch }), losses);

const feedsOf = (graph: TrainingGraph, model: ReturnType<typeof net>, padded: number) =>
  feedGraph(graph, toTrainingForm(model, { batch: graph.batch }), padded);

async function outputsOf(engine: 'native' | 'ort', workers: number, shards: number, padded: number, model = net()) {
  const build = graphOf(model);
  const whole = build(BATCH);
  const session = await openDataParallelSession(whole, build, { workers, shards, engine });
  try {
    expect(session.engine).toBe(engine);
    await session.run(feedsOf(whole, model, 0));
    return await session.run(feedsOf(whole, model, padded));
  } finally {
    await session.dispose();
  }
}

describe.each(['native', 'ort'] as const)('data parallel on %s', (engine) => {
  test.each([0, 5])(
    'with %d padded samples: the gradients of the whole batch, in the same bits whatever the workers',
    async (padded) => {
      const [one, two, three] = [
        await outputsOf(engine, 1, 3, padded),
        await outputsOf(engine, 2, 3, padded),
        await outputsOf(engine, 3, 3, padded),
      ];
      expect(Object.keys(one)).toEqual(Object.keys(two));
      const whole = graphOf(net())(BATCH);
      const session = await openTrainingSession(whole.model, { engine, threads: 1 });
      const want = await session.run(feedsOf(whole, net(), padded));
      await session.dispose();
      expect(Object.keys(one).sort()).toEqual(Object.keys(want).sort());
      for (const [name, tensor] of Object.entries(one)) {
        expect(two[name]!.bytes()).toEqual(tensor.bytes());
        expect(three[name]!.bytes()).toEqual(tensor.bytes());
        const numbers = want[name]!.toFloat32();
        const most = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        // Sums of 12 samples in two orders, of terms no larger than a few times the largest sum.
        tensor
          .toFloat32()
          .forEach((x, i) => expect(Math.abs(x - numbers[i]!)).toBeLessThanOrEqual(48 * 2 ** -24 * most));
      }
    },
  );

  test('running statistics are the mean of those of the shards', async () => {
    const model = batchNet();
    const build = graphOf(model);
    const got = await outputsOf(engine, 2, 2, 0, model);
    const feeds = feedsOf(build(BATCH), model, 0);
    const half = build(BATCH / 2);
    const session = await openTrainingSession(half.model, { engine, threads: 1 });
    const means: Float32Array[] = [];
    for (const part of [0, 1]) {
      const own = Object.fromEntries(
        half.model.graph.inputs.map(({ name }) => {
          const { dtype, dims, length, byteLength } = feeds[name]!;
          if (dims[0] !== BATCH) return [name, feeds[name]!];
          const bytes = feeds[name]!.bytes((part * byteLength) / 2, ((part + 1) * byteLength) / 2);
          expect(length % 2).toBe(0);
          return [name, Tensor.of(dtype, [BATCH / 2, ...dims.slice(1)], bytes.slice())];
        }),
      );
      means.push((await session.run(own))['next/mean']!.toFloat32());
    }
    await session.dispose();
    const mean = got['next/mean']!.toFloat32();
    expect([...mean]).toEqual([...means[0]!].map((x, i) => Math.fround(Math.fround(x / 2) + means[1]![i]! / 2)));
    expect(means[0]).not.toEqual(means[1]);
  });
});

describe('training in workers', () => {
  const base: TrainOptions = { losses, batch: 16, epochs: 2, learningRate: 0.01, seed: 5, shards: 4 };
  const bytesOf = async (options: Partial<TrainOptions>) =>
    serializeModel((await train(net(), blobs(90), { ...base, ...options })).model);

  test('comes to the same bytes with 1, 2 and 3 workers, a padded last batch included', async () => {
    const one = await bytesOf({ workers: 1 });
    expect(await bytesOf({ workers: 2 })).toEqual(one);
    expect(await bytesOf({ workers: 3 })).toEqual(one);
  });

  test('goes on from a checkpoint with another number of workers, not with another of shards', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gossamer-parallel-'));
    try {
      const checkpoint = { path: join(folder, 'state.safetensors') };
      const abort = new AbortController();
      const stopping = { checkpoint, workers: 2, signal: abort.signal };
      const onStep = ({ step }: { step: number }) => step === 5 && abort.abort(new Error('stopped'));
      await expect(train(net(), blobs(90), { ...base, ...stopping, onStep })).rejects.toThrow('stopped');
      await expect(bytesOf({ checkpoint, workers: 2, shards: 2 })).rejects.toThrow(code('ERR_CHECKPOINT'));
      expect(await bytesOf({ checkpoint, workers: 1 })).toEqual(await bytesOf({}));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('says of blocked layouts what one process says', async () => {
    const alone = { losses, batch: BATCH, epochs: 1, threads: 1, engine: 'ort', blockedLayout: true } as const;
    const { warnings } = await train(net(), blobs(24), alone);
    expect(warnings).toHaveLength(1);
    expect((await train(net(), blobs(24), { ...alone, workers: 2 })).warnings).toEqual(warnings);
  });

  test('refuses a batch that does not come apart', async () => {
    const few = subset(blobs(10), Uint32Array.of(0, 1, 2));
    await expect(train(net(), few, { ...base, shards: 3 })).rejects.toThrow(code('ERR_TRAIN_OPTIONS'));
    await expect(train(net(), few, { ...base, workers: 0 })).rejects.toThrow(code('ERR_TRAIN_OPTIONS'));
  });
});

test('an aborted run rejects with the reason, and the session goes on', async () => {
  const build = graphOf(net());
  const whole = build(BATCH);
  const session = await openDataParallelSession(whole, build, { workers: 2, engine: 'native' });
  const feeds = feedsOf(whole, net(), 0);
  const abort = new AbortController();
  const aborted = session.run(feeds, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  expect((await session.run(feeds))['loss']!.length).toBe(1);
  await session.dispose();
});
