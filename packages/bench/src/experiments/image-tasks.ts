import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Model } from '@gossamer/graph';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import { buildArchitecture, crossEntropy, type Dataset, scheduleOver, train, type TrainOptions } from '@gossamer/train';
import type { SuiteContext } from '../harness/suite.js';
import { repositoryFolder } from '../package-folder.js';
import { type ExperimentRun, ExperimentStore } from './experiment-store.js';
import { idxImages } from './idx-images.js';
import { mnistData } from './mnist-data.js';
import { testErrors } from './test-errors.js';

/** A classifier of 28 x 28 images and the images it was trained on. */
export interface ImageTask {
  /** Such as 'lenet-5, Fashion-MNIST'. */
  readonly name: string;
  readonly model: () => Promise<Model>;
  readonly data: (part: 'training' | 'test') => Dataset;
}

export const SHAPE = [1, 28, 28] as const;
const NETS = ['lenet-5', 'resnet-20'] as const;
type Net = (typeof NETS)[number];

/** Files of Debian's package dataset-fashion-mnist: where it puts them, unless the environment names another folder. */
const FASHION = process.env['GOSSAMER_FASHION_MNIST'] ?? '/usr/share/datasets/fashion-mnist';

/** The fixtures on MNIST, and nets of the same kind trained on Fashion-MNIST, where its files are there. */
export function imageTasks(context: SuiteContext): { tasks: readonly ImageTask[]; warnings: readonly string[] } {
  const fixtures = join(repositoryFolder(), 'fixtures', 'models');
  const digits = NETS.map((net) => ({
    name: `${net}, MNIST`,
    model: () => loadModel(join(fixtures, net === 'lenet-5' ? 'lenet-5.onnx' : 'resnet20-mnist.onnx')),
    data: (part: 'training' | 'test') => mnistData(part, SHAPE),
  }));
  if (
    !existsSync(join(FASHION, 'train-images-idx3-ubyte.gz')) &&
    !existsSync(join(FASHION, 'train-images-idx3-ubyte'))
  ) {
    return {
      tasks: digits,
      warnings: [
        "Fashion-MNIST: expected Debian's dataset-fashion-mnist, or its files in GOSSAMER_FASHION_MNIST; left out",
      ],
    };
  }
  const clothes = NETS.map((net) => ({
    name: `${net}, Fashion-MNIST`,
    model: () => fashionNet(net, context),
    data: fashionData,
  }));
  return { tasks: [...digits, ...clothes], warnings: [] };
}

const fashionData = (part: 'training' | 'test'): Dataset =>
  idxImages(join(FASHION, part === 'training' ? 'train' : 't10k'), SHAPE);

/** The fixtures' recipes (fixtures/models/README.md). */
const RECIPES: Readonly<
  Record<Net, Pick<TrainOptions, 'epochs' | 'optimizer' | 'optimizerOptions'> & { rate: number; dropout: object[] }>
> = {
  'lenet-5': {
    ...{ epochs: 18, optimizer: 'adamw', optimizerOptions: { weightDecay: 0.02 }, rate: 1e-3 },
    dropout: [
      { before: 'fc1', ratio: 0.3 },
      { before: 'fc2', ratio: 0.4 },
    ],
  },
  'resnet-20': {
    ...{ epochs: 12, optimizer: 'nesterov', optimizerOptions: { momentum: 0.9, weightDecay: 5e-4 }, rate: 0.1 },
    dropout: [],
  },
};

/** The net as it was trained the first time a suite asked for it; it is kept in the folder of its runs. */
async function fashionNet(net: Net, context: SuiteContext): Promise<Model> {
  const { rate, dropout, ...recipe } = RECIPES[net];
  const runs = join(context.runs, '..', 'fashion-nets');
  const run: ExperimentRun = {
    ...{ name: `fashion-${net}`, seed: 1, recipe: { ...recipe, rate, dropout } },
    run: async (folder) => {
      const { model } = await train(buildArchitecture(net, 1), fashionData('training'), {
        ...recipe,
        losses: [{ loss: crossEntropy() }],
        batch: 128,
        learningRate: scheduleOver({ schedule: 'cosine', learningRate: rate, warmUp: 0.15 }),
        form: { dropout: dropout as { before: string; ratio: number }[] },
        ...{ seed: 1, threads: 1, engine: 'native', signal: context.signal },
        checkpoint: { path: join(folder, 'checkpoint.safetensors'), every: 200 },
        onStep: ({ step, steps }) =>
          context.onProgress({ stage: `training ${net} on Fashion-MNIST`, done: step, total: steps }),
      });
      await saveModel(model, join(folder, 'model.onnx'));
      return testErrors(model, fashionData('test'));
    },
  };
  await new ExperimentStore(runs).measure(run, context.say);
  return loadModel(join(ExperimentStore.folderOf(runs, run), 'model.onnx'));
}
