import { join } from 'node:path';
import { type Model, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import type { UpdateName } from '@gossamer/prune';
import { dataFromArrays, type DataSource, readNpz } from '@gossamer/runtime';
import { arrayDataset, type Dataset, subset } from '@gossamer/train';
import { repositoryFolder } from '../package-folder.js';
import { mnistData } from './mnist-data.js';
import { perplexityOf } from './perplexity-change.js';
import { testErrors } from './test-errors.js';
import { windowLosses } from './window-losses.js';

/** A trained net, what criteria see, what the true change of the loss is measured on, and how good what is left is. */
export interface CriterionTask {
  readonly name: string;
  readonly model: Model;
  /** Training samples of which criteria know. */
  readonly data: DataSource;
  readonly samples: number;
  /** Other training samples. */
  readonly held: Dataset;
  /** Random sets of elements whose true change is measured. */
  readonly sets: number;
  /** Samples of a run. */
  readonly batch: number;
  readonly sparsities: readonly number[];
  /** Updates whose curves are measured; that of woodfisher takes minutes for each point of a larger net. */
  readonly updates: readonly UpdateName[];
  /** 'errors' of 1,000, or 'perplexity'. */
  readonly quality: string;
  /** What curves are of. */
  readonly watched: string;
  measure(model: Model): Promise<number>;
}

const fixture = (file: string) => join(repositoryFolder(), 'fixtures', 'models', file);
const SHAPE = [1, 28, 28] as const;
const TRAINING = 60_000;
/** Training images that curves are of; criteria see none of them. */
const WATCHED = { first: 50_000, count: 1000 };
const CONTEXT = 128;

export async function criterionTasks(): Promise<CriterionTask[]> {
  return [
    { ...(await imageTask('lenet-300-100', 240, 2000, 500)), updates: ['sparsegpt', 'woodfisher'] },
    await imageTask('resnet20-mnist', 132, 1000, 100),
    await languageTask(),
  ];
}

async function imageTask(name: string, sets: number, held: number, batch: number): Promise<CriterionTask> {
  const samples = 256;
  const training = mnistData('training', SHAPE);
  const watched = subset(
    training,
    Uint32Array.from({ length: WATCHED.count }, (_, i) => WATCHED.first + i),
  );
  const part = (first: number, count: number) => {
    const [input, labels] = [new Float32Array(count * 784), new BigInt64Array(count)];
    training.read(
      Uint32Array.from({ length: count }, (_, i) => first + i),
      { input, labels },
    );
    return { input: Tensor.of('float32', [count, ...SHAPE], input), labels: Tensor.of('int64', [count], labels) };
  };
  return {
    ...{ name, model: await loadModel(fixture(`${name}.onnx`)), samples, sets, batch },
    ...{ data: dataFromArrays(part(0, samples)), held: arrayDataset(part(TRAINING - held, held)) },
    ...{ sparsities: [0.7, 0.8, 0.9, 0.95], quality: 'errors', updates: ['sparsegpt'] },
    watched: `training images from ${WATCHED.first} on, ${WATCHED.count}`,
    measure: async (model) => (await testErrors(model, watched, { threads: 1 })).figures['errors']!,
  };
}

async function languageTask(): Promise<CriterionTask> {
  const { tokens } = await readNpz(fixture('tinylm-train.npz'));
  const stream = tokens!.toIntegers();
  const [samples, held] = [64, 64];
  /** Windows spread over a part of the stream. */
  const windows = (count: number, from: number, to: number) => {
    const at = (shift: number) =>
      BigInt64Array.from({ length: count * CONTEXT }, (_, i) => {
        const first = Math.floor(stream.length * (from + ((to - from) * Math.floor(i / CONTEXT)) / count));
        return BigInt(stream[first + (i % CONTEXT) + shift]!);
      });
    return {
      tokens: Tensor.of('int64', [count, CONTEXT], at(0)),
      labels: Tensor.of('int64', [count, CONTEXT], at(1)),
    };
  };
  return {
    ...{ name: 'tinylm', model: await loadModel(fixture('tinylm.onnx')), samples, sets: 125, batch: 16 },
    ...{ data: dataFromArrays(windows(samples, 0, 0.9)), held: arrayDataset(windows(held, 0.91, 0.99)) },
    ...{ sparsities: [0.3, 0.5, 0.7], quality: 'perplexity', updates: ['sparsegpt'] },
    watched: 'tinylm-eval.npz',
    measure: async (model) => perplexityOf(await windowLosses(model, fixture('tinylm-eval.npz'))),
  };
}
