import { join } from 'node:path';
import { type DataFreeOptions, deriveStudent, distillDataFree, type GeneratorKind } from '@gossamer/distill';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import { median } from '@gossamer/runtime';
import { subset } from '@gossamer/train';
import { type ExperimentRun, ExperimentStore, type Outcome } from '../experiments/experiment-store.js';
import { mnistData } from '../experiments/mnist-data.js';
import { testErrors } from '../experiments/test-errors.js';
import type { Claim, SuiteFindings, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { repositoryFolder } from '../package-folder.js';

/** Students of LeNet-5 that see made digits. */
export const dataFree: Suite = {
  name: 'data-free',
  about: 'LeNet-5 taught to one of half its width without data, and with a few digits: GAN and VAE',
  run: measureDataFree,
};

/** One way to make samples. */
interface Cell {
  readonly name: string;
  readonly generator: GeneratorKind;
  readonly seeds: readonly number[];
  /** Real digits, without their labels; 0: none. */
  readonly real: number;
  readonly recipe: Pick<DataFreeOptions, 'learningRate' | 'generatorLearningRate' | 'temperature' | 'adversarial'> & {
    readonly steps: number;
    readonly batch: number;
  };
}

/** Chosen on the last 10,000 training digits, which LeNet-5 was trained on. */
const CELLS: readonly Cell[] = [
  {
    ...{ name: 'gan', generator: 'gan', seeds: [1, 2, 3, 4, 5], real: 0 },
    recipe: { steps: 6000, batch: 64, learningRate: 2e-3, generatorLearningRate: 0.02, adversarial: 1 },
  },
  {
    ...{ name: 'vae', generator: 'vae', seeds: [1], real: 0 },
    recipe: { steps: 6000, batch: 64, learningRate: 2e-3, generatorLearningRate: 0.02, adversarial: 2 },
  },
  {
    ...{ name: 'gan-few', generator: 'gan', seeds: [1], real: 1000 },
    recipe: { steps: 6000, batch: 64, learningRate: 2e-3, generatorLearningRate: 1e-3 },
  },
  {
    ...{ name: 'vae-few', generator: 'vae', seeds: [1], real: 1000 },
    recipe: { steps: 6000, batch: 64, learningRate: 2e-3, generatorLearningRate: 1e-3 },
  },
];

/** Of all training digits: what the teacher's author would know of its inputs, and no sample. */
const INPUTS = { inputMean: 0.1307, inputDeviation: 0.3081 };
const WIDTH = 0.5;
const ASKED = { accuracy: 97, minutes: 30, macs: 25e6 };
const MAIN = 'gan';

async function measureDataFree(context: SuiteContext): Promise<SuiteFindings> {
  const store = new ExperimentStore(context.runs);
  const results = new Map<Cell, Outcome[]>();
  for (const cell of CELLS.filter(({ name }) => context.filter?.some((text) => name === text) ?? true)) {
    const outcomes: Outcome[] = [];
    for (const seed of cell.seeds) outcomes.push(await store.measure(runOf(cell, seed, context), context.say));
    results.set(cell, outcomes);
  }
  return {
    summary: SUMMARY,
    claims: [...results].filter(([{ name }]) => name === MAIN).flatMap(([, outcomes]) => claims(outcomes)),
    tables: [table(results)],
    data: { cells: [...results].map(([cell, outcomes]) => ({ ...cell, figures: outcomes.map((o) => o.figures) })) },
  };
}

const SUMMARY = `The teacher is fixtures/models/lenet-5.onnx (99.34 % of the test digits), the student has half its width and random weights. Without digits the generator learns from the teacher alone
(GAN: confidence, activation and information entropy, ICCV 2019; VAE: the decoder of an autoencoder that is given classes, NeurIPS 2019; both also look for the disagreement of student and teacher); with a few real digits, without their labels, it
learns to make more of them. Recipes were chosen on training digits; test digits are classified once, by ONNX Runtime, with the last weights. Engine native, one thread.`;

function runOf({ name, generator, real, recipe }: Cell, seed: number, context: SuiteContext): ExperimentRun {
  return {
    ...{ name, seed, recipe: { generator, real, ...recipe } },
    run: async (folder) => {
      const teacher = await loadModel(join(repositoryFolder(), 'fixtures', 'models', 'lenet-5.onnx'));
      const { model: student } = deriveStudent(teacher, { kind: 'thinner', width: WIDTH, seed });
      const result = await distillDataFree(student, teacher, {
        ...{ ...recipe, generator, seed, threads: 1, engine: 'native', signal: context.signal },
        ...(real > 0 ? { samples: fewDigits(real) } : INPUTS),
        checkpoint: { path: join(folder, 'checkpoint.safetensors'), every: 500 },
        onStep: ({ step, steps }) => context.onProgress({ stage: `${name}, seed ${seed}`, done: step, total: steps }),
      });
      await saveModel(result.model, join(folder, 'student.onnx'));
      await saveModel(result.generator, join(folder, 'generator.onnx'));
      const { figures } = await testErrors(result.model, mnistData('test', [1, 28, 28]));
      return { figures: { ...figures, macs: result.generatorMacs } };
    },
  };
}

/** The first of the training digits. */
const fewDigits = (count: number) =>
  subset(
    mnistData('training', [1, 28, 28]),
    Uint32Array.from({ length: count }, (_, i) => i),
  );

const accuracies = (outcomes: readonly Outcome[]): number[] =>
  outcomes.map(({ figures }) => 100 - figures['errorPercent']!);
const minutes = (outcomes: readonly Outcome[]): number[] => outcomes.map(({ figures }) => figures['seconds']! / 60);

function claims(outcomes: readonly Outcome[]): Claim[] {
  const [middle, slowest] = [median(accuracies(outcomes)), Math.max(...minutes(outcomes))];
  const macs = Math.max(...outcomes.map(({ figures }) => figures['macs']!));
  return [
    {
      claim: `without data: at least ${ASKED.accuracy} % (median of ${outcomes.length})`,
      measured: `${middle.toFixed(2)} % (${Math.min(...accuracies(outcomes)).toFixed(2)} to ${Math.max(...accuracies(outcomes)).toFixed(2)})`,
      holds: middle >= ASKED.accuracy,
    },
    {
      claim: `at most ${ASKED.minutes} minutes a seed`,
      measured: `${slowest.toFixed(1)} min at most`,
      holds: slowest <= ASKED.minutes,
    },
    {
      claim: `a generator of at most ${ASKED.macs / 1e6} million multiply-accumulates`,
      measured: (macs / 1e6).toFixed(1),
      holds: macs <= ASKED.macs,
    },
  ];
}

function table(results: ReadonlyMap<Cell, readonly Outcome[]>): Table {
  return {
    title: 'Students',
    columns: ['generator', 'real digits', 'seed', 'rounds x batch', 'accuracy %', 'errors', 'million MACs', 'minutes'],
    rows: [...results].flatMap(([{ generator, real, seeds, recipe }, outcomes]) =>
      outcomes.map(({ figures }, i) => [
        generator.toUpperCase(),
        String(real),
        String(seeds[i]),
        `${recipe.steps} x ${recipe.batch}`,
        (100 - figures['errorPercent']!).toFixed(2),
        String(figures['errors']),
        (figures['macs']! / 1e6).toFixed(1),
        (figures['seconds']! / 60).toFixed(1),
      ]),
    ),
  };
}
