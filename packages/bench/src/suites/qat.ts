import { join } from 'node:path';
import { distill } from '@gossamer/distill';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import { quantizeAware } from '@gossamer/quantize';
import { median } from '@gossamer/runtime';
import { scheduleOver } from '@gossamer/train';
import { statSync } from 'node:fs';
import { ExperimentStore, type ExperimentRun, type Outcome } from '../experiments/experiment-store.js';
import { mcNemar } from '../experiments/mcnemar.js';
import { mnistData } from '../experiments/mnist-data.js';
import { testErrors } from '../experiments/test-errors.js';
import type { Claim, SuiteFindings, Table } from '../harness/report.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { repositoryFolder } from '../package-folder.js';

/** Quantization-aware training of the fixtures. `--only lenet-5-w2a2`: of these nets. */
export const qat: Suite = {
  name: 'qat',
  about: 'quantization-aware training (LSQ) on MNIST: LeNet-5 of 2 bits, ResNet-20 of 4, against the float nets',
  run: measureQat,
};

interface Cell {
  readonly name: string;
  readonly net: string;
  readonly bits: number;
  readonly seeds: readonly number[];
  /** Error of the test digits, in percent, that is asked for: more than the float net's where it says so. */
  readonly asked: { readonly errorPercent: number } | { readonly overDense: number };
  readonly recipe: { readonly steps: number; readonly batch: number; readonly learningRate: number };
}

const SEEDS = [1, 2, 3];
/** Of the cosine schedule: share of the updates in which the rate rises. */
const WARM_UP = 0.05;
/** The float net itself teaches. */
const TEACHER = { alpha: 0.9, temperature: 4 };

/**
 * Rates were chosen with 50,000 digits on the last 10,000 training digits (which the float nets were trained on): LeNet-5 of 2 bits made 45 errors
 * there after 391 updates, ResNet-20 of 4 bits 12 after 40.
 */
const CELLS: readonly Cell[] = [
  {
    ...{ name: 'lenet-5-w2a2', net: 'lenet-5', bits: 2, seeds: SEEDS, asked: { errorPercent: 0.7 } },
    recipe: { steps: 1407, batch: 128, learningRate: 1e-3 },
  },
  {
    ...{ name: 'resnet20-w4a4', net: 'resnet20-mnist', bits: 4, seeds: SEEDS, asked: { overDense: 0.1 } },
    recipe: { steps: 100, batch: 128, learningRate: 5e-4 },
  },
];

interface Result {
  readonly dense: Outcome;
  readonly runs: readonly Outcome[];
}

async function measureQat(context: SuiteContext): Promise<SuiteFindings> {
  const store = new ExperimentStore(context.runs);
  const results = new Map<Cell, Result>();
  for (const cell of CELLS.filter(({ name }) => context.only?.includes(name) ?? true)) {
    const dense = await store.measure(denseRun(cell.net), context.say);
    const runs: Outcome[] = [];
    for (const seed of cell.seeds) runs.push(await store.measure(awareRun(cell, seed, context), context.say));
    results.set(cell, { dense, runs });
  }
  return {
    summary: SUMMARY,
    claims: [...results].map(([cell, result]) => claim(cell, result)),
    tables: [table(results)],
    data: {
      cells: [...results].map(([cell, { dense, runs }]) => ({
        ...cell,
        dense: dense.figures,
        figures: runs.map(({ figures }) => figures),
      })),
    },
  };
}

const SUMMARY = `Weights and activations of all layers but the first and the last (8 bits) have so many bits; sums of residual blocks have 8. Scales of
weights (one an output channel) and of activations are learned with the weights (LSQ, LSQ+), from the float fixture, which also teaches; 60,000 training digits, Adam with cosine
decay, engine native, one thread. The test digits are classified once, by ONNX Runtime, with the exported integer model. p is McNemar's exact test against the float net.`;

const fixture = (net: string): string => join(repositoryFolder(), 'fixtures', 'models', `${net}.onnx`);

function denseRun(net: string): ExperimentRun {
  return {
    ...{ name: `${net}-dense`, seed: 0, recipe: { net } },
    run: async () => testErrors(await loadModel(fixture(net)), mnistData('test', [1, 28, 28])),
  };
}

function awareRun({ name, net, bits, recipe }: Cell, seed: number, context: SuiteContext): ExperimentRun {
  const { steps, batch, learningRate } = recipe;
  return {
    ...{ name, seed, recipe: { ...recipe, bits, warmUp: WARM_UP, ...TEACHER } },
    run: async (folder) => {
      const model = await loadModel(fixture(net));
      const result = await quantizeAware(model, mnistData('training', [1, 28, 28]), {
        ...{ weightBits: bits, activationBits: bits, steps, batch, seed, optimizer: 'adam' },
        learningRate: scheduleOver({ schedule: 'cosine', learningRate, warmUp: WARM_UP }),
        learner: (student, data, { losses: _, ...options }) =>
          distill(student, model, data, { ...options, ...TEACHER }),
        checkpoint: { path: join(folder, 'checkpoint.safetensors'), every: 200 },
        ...{ engine: 'native', threads: 1, signal: context.signal },
        onStep: ({ step }) => context.onProgress({ stage: `${name}, seed ${seed}`, done: step, total: steps }),
      });
      const file = join(folder, 'model.onnx');
      await saveModel(result.model, file);
      const outcome = await testErrors(result.model, mnistData('test', [1, 28, 28]));
      return { ...outcome, figures: { ...outcome.figures, bytes: statSync(file).size } };
    },
  };
}

const errorPercents = (runs: readonly Outcome[]): number[] => runs.map(({ figures }) => figures['errorPercent']!);

function claim({ name, asked }: Cell, { dense, runs }: Result): Claim {
  const most = 'overDense' in asked ? dense.figures['errorPercent']! + asked.overDense : asked.errorPercent;
  const percents = errorPercents(runs);
  const middle = median(percents);
  const [least, largest] = [Math.min(...percents), Math.max(...percents)];
  return {
    claim: `${name}: error at most ${most.toFixed(2)} % (median of ${runs.length})`,
    measured: `${middle.toFixed(2)} % (${least.toFixed(2)} to ${largest.toFixed(2)})`,
    // Percentages of 10,000 digits are whole hundredths.
    holds: Math.round(middle * 100) <= Math.round(most * 100),
  };
}

function table(results: ReadonlyMap<Cell, Result>): Table {
  return {
    title: 'Nets',
    columns: ['net', 'bits', 'seed', 'updates x batch', 'errors', 'errors in float', 'p', 'file bytes', 'minutes'],
    rows: [...results].flatMap(([{ net, bits, seeds, recipe }, { dense, runs }]) =>
      runs.map((run, i) => [
        net,
        `W${bits}A${bits}`,
        String(seeds[i]),
        `${recipe.steps} x ${recipe.batch}`,
        String(run.figures['errors']),
        String(dense.figures['errors']),
        pValue(dense, run).toFixed(3),
        String(run.figures['bytes']),
        (run.figures['seconds']! / 60).toFixed(1),
      ]),
    ),
  };
}

function pValue(first: Outcome, second: Outcome): number {
  const [a, b] = [first, second].map(({ right }) => Buffer.from(right!, 'base64'));
  let [onlyFirst, onlySecond] = [0, 0];
  a!.forEach((ok, i) => {
    if (ok > b![i]!) onlyFirst++;
    if (ok < b![i]!) onlySecond++;
  });
  return mcNemar(onlyFirst, onlySecond);
}
