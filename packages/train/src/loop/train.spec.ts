import { type Model, Tensor } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mlp } from '../architectures/mlp.js';
import { buildArchitecture } from '../architectures/registry.js';
import { arrayDataset } from '../data/array-dataset.js';
import { subset } from '../data/dataset.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { blobs, CLASSES, INPUTS } from './testing/blobs.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';

const code = (value: string) => expect.objectContaining({ code: value }) as Error;
const net = () => mlp([INPUTS, 16, CLASSES], 3);
const losses = [{ loss: crossEntropy() }];
const base: TrainOptions = { losses, batch: 16, epochs: 3, learningRate: 0.01, seed: 5, threads: 1 };

const weightsOf = (model: Model): number[] =>
  [...model.graph.initializers()].flatMap((value) => [...value.initializer!.toFloat32()]);

function expectClose(a: readonly number[], b: readonly number[], tolerance: number): void {
  expect(a).toHaveLength(b.length);
  a.forEach((value, i) => expect(Math.abs(value - b[i]!)).toBeLessThanOrEqual(tolerance));
}

describe('training', () => {
  test('learns, on every engine alike', async () => {
    const results = await Promise.all(
      (['native', 'ort', 'reference'] as const).map((engine) =>
        train(net(), blobs(200), { ...base, engine, validation: { count: 40 } }),
      ),
    );
    const [native, ort, reference] = results.map(({ model }) => weightsOf(model)) as [number[], number[], number[]];
    // 36 Adam updates of 0.01: an update turns round where rounding turns a gradient near 0.
    expectClose(native, reference, 1e-3);
    expectClose(ort, reference, 1e-3);
    const { history, steps, engine } = results[0]!;
    expect(engine).toBe('native');
    expect(steps).toBe(30);
    expect(history.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
    expect(history[2]!.loss).toBeLessThan(0.75 * history[0]!.loss);
    expect(history[2]!.validation).toBeGreaterThan(0.6);
  });

  test('the same seed gives the same bytes, another one others, whatever the threads', async () => {
    const run = async (options: Partial<TrainOptions>) =>
      serializeModel((await train(net(), blobs(100), { ...base, epochs: 1, ...options })).model);
    const first = await run({});
    expect(await run({ threads: 2 })).toEqual(first);
    expect(await run({ seed: 6 })).not.toEqual(first);
  });

  test('the last batch is filled up with samples that weigh nothing', async () => {
    const data = subset(
      blobs(20),
      Uint32Array.from({ length: 10 }, (_, i) => i),
    );
    const seen: number[] = [];
    const onStep = ({ loss }: { loss: number }) => seen.push(loss);
    await train(net(), data, {
      ...base,
      batch: 8,
      steps: 2,
      epochs: undefined as never,
      learningRate: 0,
      shuffle: false,
      onStep,
    });
    const tail = subset(data, Uint32Array.of(8, 9));
    const alone: number[] = [];
    await train(net(), tail, {
      ...base,
      batch: 2,
      epochs: 1,
      learningRate: 0,
      shuffle: false,
      onStep: ({ loss }) => alone.push(loss),
    });
    expect(seen[1]).toBeCloseTo(alone[0]!, 6);
  });

  test('two accumulated batches are one of twice the size', async () => {
    const options = { ...base, optimizer: 'sgd' as const, shuffle: false, epochs: 2 };
    const whole = await train(net(), blobs(64), { ...options, batch: 32 });
    const halves = await train(net(), blobs(64), { ...options, batch: 16, accumulate: 2 });
    expectClose(weightsOf(halves.model), weightsOf(whole.model), 1e-6);
  });

  test('masked weights stay exactly 0, clipped gradients move by no more than the norm', async () => {
    const mask = Uint8Array.from({ length: 16 * INPUTS }, (_, i) => i % 3);
    const masked = await train(net(), blobs(100), { ...base, masks: new Map([['fc1.weight', mask]]) });
    const weights = masked.model.graph.value('fc1.weight')!.initializer!.toFloat32();
    weights.forEach((w, i) => expect(w === 0).toBe(mask[i] === 0));
    const options = {
      ...base,
      optimizer: 'sgd' as const,
      learningRate: 1,
      steps: 1,
      epochs: undefined as never,
      clipNorm: 1e-3,
    };
    const clipped = weightsOf((await train(net(), blobs(100), options)).model);
    const before = weightsOf(net());
    const moved = Math.sqrt(clipped.reduce((sum, w, i) => sum + (w - before[i]!) ** 2, 0));
    // Rounding of weights near 1: 2^-24 each, over 200 of them.
    expect(Math.abs(moved - 1e-3)).toBeLessThan(2e-6);
  });

  test('stops early and takes the best weights', async () => {
    const result = await train(net(), blobs(200), {
      ...base,
      epochs: 50,
      learningRate: 0.05,
      validation: { count: 50 },
      patience: 2,
    });
    const values = result.history.map(({ validation }) => validation!);
    const best = Math.max(...values);
    expect(result.best!.value).toBe(best);
    expect(result.best!.epoch).toBe(values.indexOf(best) + 1);
    expect(result.history).toHaveLength(result.best!.epoch + 2);
  });

  test('changes nothing but the weights, byte for byte', async () => {
    const distinct = net();
    for (const value of distinct.graph.initializers()) {
      const { dims, length } = value.initializer!;
      distinct.graph.setInitializer(
        value,
        Tensor.of(
          'float32',
          dims,
          Float32Array.from({ length }, (_, i) => Math.sin(i + length)),
        ),
      );
    }
    const before = serializeModel(distinct);
    const model = parseModel(before);
    const after = serializeModel((await train(model, blobs(100), { ...base, epochs: 1 })).model);
    expect(serializeModel(model)).toEqual(before);
    expect(after).toHaveLength(before.length);
    const stored = [...model.graph.initializers()].map((value) => value.initializer!.bytes());
    const isWeight = new Uint8Array(before.length);
    for (const bytes of stored)
      isWeight.fill(1, Buffer.from(before).indexOf(bytes), Buffer.from(before).indexOf(bytes) + bytes.length);
    after.forEach((byte, i) => {
      if (!isWeight[i]) expect(byte).toBe(before[i]);
    });
    expect(after).not.toEqual(before);
  });

  test('running statistics of BatchNormalization follow the batches, unless they are frozen', async () => {
    const data = blobs(4);
    const images = {
      length: 4,
      arrays: new Map([
        ['input', { dtype: 'float32' as const, shape: [1, 28, 28] }],
        ['labels', { dtype: 'int64' as const, shape: [] }],
      ]),
      read: (indices: Uint32Array, { input, ...into }: Parameters<typeof data.read>[1]) => {
        data.read(indices, into);
        if (input) (input as Float32Array).forEach((_, i) => (input[i] = Math.sin(i)));
      },
    };
    const options = { ...base, batch: 4, epochs: 1, engine: 'native' as const };
    const model = buildArchitecture('resnet-20');
    const name = 'conv1.bn.running_mean';
    const meanOf = (trained: Model) => [...trained.graph.value(name)!.initializer!.toFloat32()];
    const moved = await train(model, images, options);
    expect(meanOf(moved.model)).not.toEqual(meanOf(model));
    const frozen = await train(model, images, { ...options, form: { batchNorm: 'frozen' } });
    expect(meanOf(frozen.model)).toEqual(meanOf(model));
    expect(weightsOf(frozen.model)).not.toEqual(weightsOf(model));
  });
});

describe('a training that is interrupted', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gossamer-train-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test.each([1, 7, 10, 29])('after update %i goes on to the same bytes', async (stop) => {
    const checkpoint = { path: join(folder, 'state.safetensors'), every: 1000 };
    const options = { ...base, optimizer: 'amsgrad' as const, validation: { count: 40 }, patience: 2 };
    const whole = await train(net(), blobs(200), options);
    const abort = new AbortController();
    const interrupted = train(net(), blobs(200), {
      ...options,
      checkpoint,
      signal: abort.signal,
      onStep: ({ step }) => step === stop && abort.abort(new Error('stopped')),
    });
    await expect(interrupted).rejects.toThrow('stopped');
    const seen: number[] = [];
    const resumed = await train(net(), blobs(200), { ...options, checkpoint, onStep: ({ step }) => seen.push(step) });
    expect(seen[0]).toBe(stop + 1);
    expect(serializeModel(resumed.model)).toEqual(serializeModel(whole.model));
    expect(resumed.history).toEqual(whole.history);
  });

  test('after measurements that are not finite goes on to the same history', async () => {
    const checkpoint = { path: join(folder, 'state.safetensors') };
    const targets = Tensor.of('float32', [4, CLASSES], new Float32Array(4 * CLASSES).fill(Infinity));
    const input = Tensor.of('float32', [4, INPUTS], new Float32Array(4 * INPUTS));
    const validation = { dataset: arrayDataset({ input, targets }), metric: 'mean-squared-error' };
    const options = { ...base, validation, patience: 9 };
    const whole = await train(net(), blobs(64), options);
    const abort = new AbortController();
    const onEpoch = ({ epoch }: { epoch: number }) => epoch === 2 && abort.abort(new Error('stopped'));
    const interrupted = train(net(), blobs(64), { ...options, checkpoint, signal: abort.signal, onEpoch });
    await expect(interrupted).rejects.toThrow('stopped');
    const resumed = await train(net(), blobs(64), { ...options, checkpoint });
    expect(whole.history[0]!.validation).toBe(Infinity);
    expect(resumed.history).toEqual(whole.history);
  });

  const mask = new Uint8Array(16 * INPUTS).fill(1);
  const masks = new Map([['fc1.weight', mask]]);
  const half = { names: ['half'], compute: () => Promise.resolve() };
  const regularizers = [{ regularizer: 'l1' as const, strength: 1e-3, tensors: [{ name: 'fc1.weight' }] }];
  const others: [string, Partial<TrainOptions>][] = [
    ['seed', { seed: 9 }],
    ['learning rate', { learningRate: 0.02 }],
    ['learning rate of one update', { learningRate: (step) => (step === 4 ? 0.02 : 0.01) }],
    ['batch', { batch: 20 }],
    ['weight of a loss', { losses: [{ loss: crossEntropy(), weight: 2 }] }],
    ['loss', { losses: [{ loss: crossEntropy({ labelSmoothing: 0.1 }) }] }],
    ['mask', { masks: new Map([['fc1.weight', mask.map((_, i) => (i === 3 ? 0 : 1))]]) }],
    ['set of masks', { masks: new Map() }],
    ['companion', { companions: { ...half, names: ['third'] } }],
    ['source of a companion', { companions: { ...half, digest: 'another teacher' } }],
    ['rewriting', { rewrite: (form) => ({ ...form, warnings: [] }) }],
    ['form', { form: { frozen: ['fc2.bias'] } }],
    ['regulariser', { regularizers: [{ ...regularizers[0]!, strength: 2e-3 }] }],
    ['clipping', { clipNorm: 2 }],
    ['limit of elements', { clipValue: 1 }],
    ['quantization of gradients', { gradientQuantization: { kind: 'qsgd' } }],
    ['metric', { validation: { count: 20, metric: 'top5' } }],
    ['number of held-out samples', { validation: { count: 21 } }],
    ['interval between measurements', { validation: { count: 20, every: 2 } }],
  ];

  test('does not go on from the checkpoint of a training with others: options, masks, data, model', async () => {
    const checkpoint = { path: join(folder, 'state.safetensors') };
    const validation = { count: 20 };
    const options = { ...base, epochs: 1, masks, companions: half, regularizers, clipNorm: 1, validation, checkpoint };
    await train(net(), blobs(100), options);
    const again = await train(net(), blobs(100), { ...options, masks: new Map([['fc1.weight', mask.slice()]]) });
    expect(again.history).toHaveLength(1);
    for (const [what, change] of others) {
      const other = train(net(), blobs(100), { ...options, ...change });
      await expect(other.then(() => what)).rejects.toThrow(code('ERR_CHECKPOINT'));
    }
    await expect(train(net(), blobs(101), options)).rejects.toThrow(code('ERR_CHECKPOINT'));
    await expect(train(net(), blobs(100, 2), options)).rejects.toThrow(code('ERR_CHECKPOINT'));
    const { arrays, ...rest } = blobs(100);
    const named = { ...rest, arrays: new Map([...arrays, ['more', arrays.get('labels')!]]) };
    await expect(train(net(), named, options)).rejects.toThrow(code('ERR_CHECKPOINT'));
    await expect(train(mlp([INPUTS, 16, CLASSES], 4), blobs(100), options)).rejects.toThrow(code('ERR_CHECKPOINT'));
  });
});

describe('training refuses', () => {
  const steep = { losses: [{ loss: crossEntropy(), weight: 1e4 }] };
  /** Nothing is to be trained before options are refused. */
  const onStep = () => {
    throw new Error('trained');
  };
  const one = { steps: 1, epochs: undefined as never };
  const refused: [string, Partial<TrainOptions>, string][] = [
    ['neither epochs nor steps', { epochs: undefined as never }, 'ERR_TRAIN_OPTIONS'],
    ['both', { steps: 3 }, 'ERR_TRAIN_OPTIONS'],
    ['patience without validation', { patience: 1 }, 'ERR_TRAIN_OPTIONS'],
    ['no loss', { losses: [] }, 'ERR_TRAIN_OPTIONS'],
    ['an unknown optimiser', { optimizer: 'best' as never }, 'ERR_TRAIN_OPTIONS'],
    ['a mask of nothing', { masks: new Map([['fc9', new Uint8Array(1)]]) }, 'ERR_TRAIN_OPTIONS'],
    ['a pattern that picks nothing', { form: { frozen: ['conv*'] } }, 'ERR_TRAIN_OPTIONS'],
    ['to hold everything out', { validation: { count: 100 } }, 'ERR_TRAIN_OPTIONS'],
    ['a learning rate below 0', { learningRate: -0.1 }, 'ERR_TRAIN_OPTIONS'],
    ['a schedule that gives no number', { learningRate: () => NaN }, 'ERR_TRAIN_OPTIONS'],
    ['batches of half a sample', { batch: 0.5 }, 'ERR_TRAIN_OPTIONS'],
    ['updates of no batch', { accumulate: 0, steps: 2, epochs: undefined as never }, 'ERR_TRAIN_OPTIONS'],
    ['updates of one and a half', { accumulate: 1.5, steps: 2, epochs: undefined as never }, 'ERR_TRAIN_OPTIONS'],
    ['no patience at all', { patience: 0, validation: {} }, 'ERR_TRAIN_OPTIONS'],
    ['measurements every 0 epochs', { validation: { every: 0 } }, 'ERR_TRAIN_OPTIONS'],
    ['checkpoints every 0 updates', { checkpoint: { path: 'none', every: 0 } }, 'ERR_TRAIN_OPTIONS'],
    ['a metric that needs what the data have not', { validation: { metric: 'agreement' } }, 'ERR_TRAIN_OPTIONS'],
    ['a checkpoint in a folder that is not there', { checkpoint: { path: 'nowhere/state' }, onStep }, 'ERR_CHECKPOINT'],
    ['a held-out set without samples', { validation: { dataset: blobs(0) } }, 'ERR_TRAIN_DATA'],
    ['an update of weights beyond float32', { learningRate: 1e38, optimizer: 'sgd', ...steep, ...one }, 'ERR_DIVERGED'],
    ['a learning rate that blows up', { learningRate: 1e30, optimizer: 'sgd' }, 'ERR_DIVERGED'],
  ];
  test.each(refused)('%s', async (_, options, expected) => {
    await expect(train(net(), blobs(100), { ...base, ...options })).rejects.toThrow(code(expected));
  });

  test('data without samples', async () => {
    await expect(train(net(), blobs(0), { ...base, ...one })).rejects.toThrow(code('ERR_TRAIN_DATA'));
  });

  test('data without what the loss asks for, and a model without parameters', async () => {
    const { input } = Object.fromEntries(blobs(10).arrays);
    const unlabelled = { length: 10, arrays: new Map([['input', input!]]), read: () => undefined };
    await expect(train(net(), unlabelled, base)).rejects.toThrow(code('ERR_TRAIN_DATA'));
    await expect(train(net(), blobs(10), { ...base, form: { frozen: ['*'] } })).rejects.toThrow(
      code('ERR_TRAINING_FORM'),
    );
  });
});
