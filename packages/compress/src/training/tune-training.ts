import { hashModel } from '@gossamer/distill';
import { GossamerError, type Model } from '@gossamer/graph';
import { createMetric } from '@gossamer/runtime';
import {
  buildArchitecture,
  type Configuration,
  createSearch,
  type Dataset,
  type Fold,
  kFold,
  type SearchSpace,
  type SearchStrategy,
  subset,
  train as trainGraph,
  tune,
} from '@gossamer/train';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CompressErrorCode } from '../error-codes.js';
import { type ModelInput, toModel } from '../onnx-model.js';
import { lossOf, metricOf, readDataset, trainingOptions } from './finetune.js';
import type { TrainingOptions } from './training-options.js';

/** Options of training that can be searched. */
const SEARCHED = [
  'accumulate',
  'batch',
  'batchNorm',
  'clipNorm',
  'labelSmoothing',
  'learningRate',
  'momentum',
  'optimizer',
  'schedule',
  'warmUp',
  'weightDecay',
] as const satisfies readonly (keyof TrainingOptions)[];

/** Options that no value depends on, and those that the journal names by themselves. */
const INDECISIVE: ReadonlySet<string> = new Set<keyof TuneTrainingOptions>([
  'data',
  'folds',
  'metric',
  'onProgress',
  'run',
  'search',
  'seed',
  'signal',
  'space',
  'threads',
  'trials',
]);

export interface TuneTrainingOptions extends Omit<
  TrainingOptions,
  'steps' | 'validation' | 'patience' | 'run' | 'checkpointEvery'
> {
  /** What is searched, by name of the option of training: ranges and choices. What it does not name is as the other options say. */
  readonly space: SearchSpace;
  /** Default 'tpe'. Halving gives few epochs to many trials and all of `epochs` to the best; each is trained from the first epoch on. */
  readonly search?: 'tpe' | 'random' | 'halving';
  /** Most trials. Default 20; as many as there are with halving. */
  readonly trials?: number;
  /** Parts of the data, each of which is held out in turn; at least 2. Default 3. */
  readonly folds?: number;
  /** Folder for the journal (journal.jsonl); a search goes on from one that is there. Default: none. */
  readonly run?: string;
}

/** One configuration, and what it came to. */
export interface TunedTrial {
  readonly id: number;
  readonly configuration: Configuration;
  readonly epochs: number;
  /** Mean of the metric over the held-out parts; null: training diverged. */
  readonly value: number | null;
}

export interface TuneTrainingResult {
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  /** Undefined where every trial diverged. */
  readonly best: TunedTrial | undefined;
  readonly trials: readonly TunedTrial[];
  readonly seconds: number;
}

/**
 * Looks for options of training by k-fold cross-validation: each trial trains the model, or the architecture of that name, on all parts of the
 * data but one, from the same weights each time, and is worth the mean of the metric on the parts held out. Trials depend on the seed and on
 * earlier values alone.
 *
 * Throws ERR_OPTION, ERR_TRAIN_OPTIONS, ERR_CHECKPOINT for the journal of another search, and what training throws.
 */
export async function tuneTraining(
  input: ModelInput | { readonly arch: string },
  options: TuneTrainingOptions,
): Promise<TuneTrainingResult> {
  const start = performance.now();
  const { run, ...fixed } = options;
  const { seed = 0, folds = 3, epochs = 1, space, signal } = fixed;
  checkNames(space);
  const isArch = typeof input === 'object' && 'arch' in input;
  const model = isArch ? buildArchitecture(input.arch, seed) : (await toModel(input)).ir;
  const strategy = strategyOf(options, epochs);
  const trials = options.trials ?? strategy.trials ?? DEFAULT_TRIALS;
  const dataset = await readDataset(model, options);
  const parts = partsOf(dataset, folds, seed);
  const metric = options.metric ?? metricOf(dataset);
  const { better } = createMetric(metric);
  const sign = better === 'lower' ? 1 : -1;
  if (run !== undefined) mkdirSync(run, { recursive: true });
  const found = await tune(
    async ({ trial, fold }) => {
      const { training, validation } = parts[fold]!;
      const stage = `trial ${trial.id + 1} of ${trials}, fold ${fold + 1} of ${folds}`;
      const spent = trial.budget ?? epochs;
      const given: TrainingOptions = {
        ...fixed,
        ...trial.configuration,
        epochs: spent,
        validation: 0,
        onProgress: ({ done, total }) => options.onProgress?.({ stage, done, total }),
      };
      const { history } = await trainGraph(model, subset(dataset, training), {
        ...trainingOptions(given, dataset, metric, undefined),
        losses: [lossOf(given, dataset)],
        validation: { dataset: subset(dataset, validation), metric, every: spent },
      });
      return sign * history.at(-1)!.validation!;
    },
    {
      space,
      search: strategy,
      trials,
      folds,
      seed,
      subject: subjectOf(model, dataset, metric, options),
      ...(signal ? { signal } : {}),
      ...(run === undefined ? {} : { journal: join(run, 'journal.jsonl') }),
    },
  );
  const told = found.trials.map(({ id, configuration, budget, value }) => ({
    id,
    configuration,
    epochs: budget ?? epochs,
    value: typeof value === 'number' ? sign * value : null,
  }));
  return {
    metric,
    better,
    best: found.best && told[found.best.id],
    trials: told,
    seconds: (performance.now() - start) / 1000,
  };
}

const DEFAULT_TRIALS = 20;

function checkNames(space: SearchSpace): void {
  const unknown = Object.keys(space).find((name) => !(SEARCHED as readonly string[]).includes(name));
  if (unknown === undefined) return;
  throw new GossamerError<CompressErrorCode>(
    'ERR_OPTION',
    `space: expected options among ${SEARCHED.join(', ')}, received ${unknown}`,
  );
}

function strategyOf({ search = 'tpe' }: TuneTrainingOptions, epochs: number): SearchStrategy {
  if (search === 'halving') return createSearch('successive-halving', { maximum: epochs });
  if (search === 'tpe' || search === 'random') return createSearch(search);
  throw new GossamerError<CompressErrorCode>(
    'ERR_OPTION',
    `search: expected tpe, random or halving, received ${String(search)}`,
  );
}

/** Divisions of the data; classes are spread evenly. */
function partsOf(dataset: Dataset, folds: number, seed: number): Fold[] {
  const labels = dataset.arrays.get('labels');
  if (labels?.shape.length !== 0) return kFold(dataset.length, folds, { seed });
  const classes = new BigInt64Array(dataset.length);
  dataset.read(Uint32Array.from(classes.keys()), { labels: classes });
  return kFold(dataset.length, folds, { seed, labels: classes });
}

/** What values depend on beside the search itself: a journal is of one model, one data set and one set of options. */
function subjectOf(
  model: Model,
  dataset: Dataset,
  metric: string,
  options: TuneTrainingOptions,
): Readonly<Record<string, unknown>> {
  const hash = createHash('sha256');
  hashModel(hash, model);
  return {
    model: hash.digest('hex'),
    data: options.data.description,
    samples: dataset.length,
    metric,
    ...Object.fromEntries(
      Object.entries(options)
        .filter(([name]) => !INDECISIVE.has(name))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  };
}
