import type { Model } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { arrayDataset, type Dataset, mlp } from '@gossamer/train';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataFreeOptions } from './data-free-options.js';
import { distillDataFree } from './distill-data-free.js';
import { agreement, pointData, points, toyStudent, toyTeacher } from './generators/testing/toy-teacher.js';

const code = (value: string) => expect.objectContaining({ code: value }) as Error;

let teacher: Model;
let folder: string;
beforeAll(async () => {
  teacher = await toyTeacher();
  folder = await mkdtemp(join(tmpdir(), 'gossamer-data-free-'));
});
afterAll(() => rm(folder, { recursive: true }));

const base = { batch: 32, threads: 1, seed: 4, learningRate: 0.01 } as const;

const cells: Record<string, DataFreeOptions> = {
  'a GAN of the teacher alone': { ...base, generator: 'gan', steps: 200, adversarial: 0 },
  'a GAN that looks for disagreement': { ...base, generator: 'gan', steps: 200 },
  'a decoder of the teacher alone': { ...base, generator: 'vae', steps: 200, adversarial: 0 },
  'an autoencoder of real samples': { ...base, generator: 'vae', steps: 200, samples: pointData(60) },
  'a GAN of real samples': { ...base, generator: 'gan', steps: 200, samples: pointData(60) },
};

describe.each(Object.entries(cells))('%s', (name, options) => {
  test('a student comes to say what the teacher says', async () => {
    const student = toyStudent();
    const before = agreement(student, teacher);
    const losses: number[] = [];
    const result = await distillDataFree(student, teacher, { ...options, onStep: ({ loss }) => losses.push(loss) });
    expect(before).toBeLessThan(0.6);
    expect(agreement(result.model, teacher)).toBeGreaterThan(0.9);
    expect(result.steps).toBe(options.steps);
    expect(result.generatorMacs).toBeGreaterThan(0);
    expect(losses.every(Number.isFinite)).toBe(true);
  });

  test('goes on from a checkpoint as if nothing had happened', async () => {
    const short = { ...options, steps: 6 };
    const whole = await distillDataFree(toyStudent(), teacher, short);
    const path = join(folder, `${name}.safetensors`);
    const controller = new AbortController();
    const onStep = ({ step }: { step: number }) => {
      if (step >= 4) controller.abort();
    };
    const stopped = { ...short, checkpoint: { path, every: 100 } };
    await expect(
      distillDataFree(toyStudent(), teacher, { ...stopped, signal: controller.signal, onStep }),
    ).rejects.toThrow();
    const seen: number[] = [];
    const resumed = await distillDataFree(toyStudent(), teacher, { ...stopped, onStep: ({ step }) => seen.push(step) });
    expect(seen[0]).toBe(5);
    expect(serializeModel(resumed.model)).toEqual(serializeModel(whole.model));
    expect(serializeModel(resumed.generator)).toEqual(serializeModel(whole.generator));
    const finished = await distillDataFree(toyStudent(), teacher, stopped);
    expect([resumed.loss, finished.loss]).toEqual([whole.loss, whole.loss]);
    await expect(distillDataFree(toyStudent(1), teacher, stopped)).rejects.toThrow(code('ERR_CHECKPOINT'));
  });
});

test.each([
  [{ generator: 'flow' as never }, 'ERR_DISTILL_OPTIONS'],
  [{ steps: 0 }, 'ERR_DISTILL_OPTIONS'],
  [{ batch: 3 }, 'ERR_DISTILL_OPTIONS'],
  [{ adversarial: -1 }, 'ERR_DISTILL_OPTIONS'],
  [{ samples: pointData(40), adversarial: 1 }, 'ERR_DISTILL_OPTIONS'],
  [{ samples: arrayDataset({ other: points(4) }) }, 'ERR_DISTILL_OPTIONS'],
] as [Partial<DataFreeOptions>, string][])('refuses %j', async (given, expected) => {
  const options: DataFreeOptions = { ...base, generator: 'gan', steps: 5, ...given };
  await expect(distillDataFree(toyStudent(), teacher, options)).rejects.toThrow(code(expected));
});

test('a checkpoint is of one set of samples', async () => {
  const checkpoint = { path: join(folder, 'of-samples.safetensors') };
  const options: DataFreeOptions = { ...base, generator: 'vae', steps: 1, checkpoint, samples: pointData(40) };
  await distillDataFree(toyStudent(), teacher, options);
  await distillDataFree(toyStudent(), teacher, options);
  const others = distillDataFree(toyStudent(), teacher, { ...options, samples: pointData(40, 2) });
  await expect(others).rejects.toThrow(code('ERR_CHECKPOINT'));
});

test('a student of other classes or inputs than the teacher is refused by name', async () => {
  const options: DataFreeOptions = { ...base, generator: 'gan', steps: 1 };
  for (const student of [mlp([8, 4, 2], 1), mlp([7, 4, 3], 1)])
    await expect(distillDataFree(student, teacher, options)).rejects.toThrow(code('ERR_DISTILL_TEACHER'));
});

test('without samples nothing but the two models is read; samples that are given are', async () => {
  const closed: Dataset = {
    ...pointData(40),
    read: () => {
      throw new Error('read');
    },
  };
  const options: DataFreeOptions = { ...base, generator: 'gan', steps: 1 };
  await expect(distillDataFree(toyStudent(), teacher, { ...options, samples: closed })).rejects.toThrow('read');
  // Nowhere to read from: the options have no other place for data.
  expect((await distillDataFree(toyStudent(), teacher, options)).steps).toBe(1);
});
