import { distill } from '@gossamer/distill';
import { GossamerError, isInteger, type Model } from '@gossamer/graph';
import { zeroMasks } from '@gossamer/prune';
import { modelInputs } from '@gossamer/runtime';
import {
  buildArchitecture,
  collectDataset,
  crossEntropy,
  type Dataset,
  type EpochRecord,
  findOptimizer,
  type LossTerm,
  type Masks,
  meanSquaredError,
  scheduleOver,
  train as trainGraph,
  type TrainOptions,
} from '@gossamer/train';
import { join } from 'node:path';
import type { CompressErrorCode } from '../error-codes.js';
import { type ModelInput, OnnxModel, toModel } from '../onnx-model.js';
import { trainedMasks } from './trained-masks.js';
import { TrainingLog } from './training-log.js';
import type { TeacherChoice, TrainingOptions } from './training-options.js';

export interface FinetuneOptions extends TrainingOptions, Partial<TeacherChoice> {
  /** 'zeros': weights that are 0 stay 0, as pruning left them; 'none': they are trained as any. Default 'none'. */
  readonly preserve?: 'zeros' | 'none';
}

export interface TrainingResult {
  /** The trained model: nothing but weights differs from what was given. */
  readonly model: OnnxModel;
  readonly history: readonly EpochRecord[];
  /** Updates made. */
  readonly steps: number;
  /** Name of what was measured on held-out samples; undefined: nothing was. */
  readonly metric: string | undefined;
  /** Where the weights were taken from, with `patience`. */
  readonly best?: { readonly epoch: number; readonly value: number };
  readonly engine: string;
  readonly seconds: number;
  readonly warnings: readonly string[];
}

/** Trains a model on, from the weights it has; with `teacher` it also learns what that says. The input does not change. */
export async function finetune(input: ModelInput, options: FinetuneOptions): Promise<TrainingResult> {
  return run((await toModel(input)).ir, options);
}

export interface TrainArchitectureOptions extends TrainingOptions {
  /** lenet-300-100, lenet-5, resnet-20, tiny-lm, or mlp-IN-...-OUT. */
  readonly arch: string;
}

/** Trains one of the known architectures from random weights, those of `seed`. */
export async function train(options: TrainArchitectureOptions): Promise<TrainingResult> {
  return run(buildArchitecture(options.arch, options.seed ?? 0), options);
}

async function run(model: Model, options: FinetuneOptions): Promise<TrainingResult> {
  const start = performance.now();
  const { data, teacher } = options;
  if (teacher !== undefined) refuseLoss(options);
  const masks = masksOf(model, options.preserve);
  const dataset = await readDataset(model, options);
  const metric = options.metric ?? metricOf(dataset);
  const log = options.run === undefined ? undefined : new TrainingLog(options.run);
  const common = trainingOptions(options, dataset, metric, log);
  const training = masks ? { ...common, masks: trainedMasks(model, masks, common.form) } : common;
  const result =
    teacher === undefined
      ? await trainGraph(model, dataset, { ...training, losses: [lossOf(options, dataset)] })
      : await distill(model, await teachers(teacher), dataset, { ...training, ...teaching(options) });
  log?.finish(result.history, metric);
  const { history, steps, best, engine, warnings } = result;
  return {
    model: new OnnxModel(result.model),
    history,
    steps,
    metric: training.validation ? metric : undefined,
    ...(best ? { best } : {}),
    engine,
    seconds: (performance.now() - start) / 1000,
    warnings: [...warnings, ...(data.latencyOnly ? ['trained on random data: the weights mean nothing'] : [])],
  };
}

function masksOf(model: Model, preserve: FinetuneOptions['preserve'] = 'none'): Masks | undefined {
  if (preserve === 'none') return undefined;
  if (preserve === 'zeros') return zeroMasks(model);
  const text = `preserve: expected 'zeros' or 'none', received ${JSON.stringify(preserve)}`;
  throw new GossamerError<CompressErrorCode>('ERR_OPTION', text);
}

/** Beside a teacher labels are learned as `alpha` says, by cross entropy. */
export function refuseLoss({ loss, labelSmoothing }: Pick<TrainingOptions, 'loss' | 'labelSmoothing'>): void {
  for (const [name, value] of Object.entries({ loss, labelSmoothing })) {
    if (value === undefined) continue;
    throw new GossamerError<CompressErrorCode>(
      'ERR_OPTION',
      `${name}: expected none beside a teacher, received ${value}`,
    );
  }
}

/** All samples, read in the form that `model` wants. */
export async function readDataset(
  model: Model,
  { data, signal, onProgress }: Pick<TrainingOptions, 'data' | 'signal' | 'onProgress'>,
): Promise<Dataset> {
  return answered(
    await collectDataset(data, {
      inputs: modelInputs(model),
      ...(signal ? { signal } : {}),
      onProgress: (done, total) => onProgress?.({ stage: 'read data', done, total }),
    }),
  );
}

/** What is measured by default: of classes, of classes of positions, of numbers. */
export function metricOf({ arrays }: Dataset): string {
  const labels = arrays.get('labels');
  if (!labels) return 'mean-squared-error';
  return labels.shape.length === 0 ? 'top1' : 'perplexity';
}

/** Classes that the data call targets are labels. */
function answered(dataset: Dataset): Dataset {
  const targets = dataset.arrays.get('targets');
  if (!targets || dataset.arrays.has('labels') || !isInteger(targets.dtype)) return dataset;
  const arrays = new Map([...dataset.arrays].map(([name, array]) => [name === 'targets' ? 'labels' : name, array]));
  return {
    length: dataset.length,
    arrays,
    read: (indices, { labels, ...into }) => dataset.read(indices, labels ? { ...into, targets: labels } : into),
  };
}

/** The loss of a training without a teacher. */
export function lossOf(
  { loss, labelSmoothing = 0 }: Pick<TrainingOptions, 'loss' | 'labelSmoothing'>,
  dataset: Dataset,
): LossTerm {
  const { arrays } = dataset;
  if (!arrays.has('labels') && !arrays.has('targets')) {
    const received = [...arrays.keys()].join(', ');
    throw new GossamerError<CompressErrorCode>('ERR_OPTION', `data: expected labels or targets, received ${received}`);
  }
  const chosen = loss ?? (dataset.arrays.has('labels') ? 'cross-entropy' : 'mean-squared-error');
  if (chosen === 'cross-entropy') return { loss: crossEntropy({ labelSmoothing }) };
  if (chosen === 'mean-squared-error') return { loss: meanSquaredError() };
  throw new GossamerError<CompressErrorCode>(
    'ERR_OPTION',
    `loss: expected cross-entropy or mean-squared-error, received ${String(chosen)}`,
  );
}

const HELD_OUT_SHARE = 0.1;
const HELD_OUT_MOST = 5000;

/** What the loop is told; `log` hears of updates and epochs. */
export function trainingOptions(
  options: TrainingOptions,
  dataset: Dataset,
  metric: string,
  log: TrainingLog | undefined,
): Omit<TrainOptions, 'losses'> {
  const { batch = 128, accumulate = 1, optimizer = 'adamw', schedule = 'cosine', warmUp = 0, seed = 0 } = options;
  const rule = findOptimizer(optimizer);
  const { weightDecay, momentum } = options;
  const optimizerOptions = {
    ...(weightDecay === undefined ? {} : { weightDecay }),
    ...(momentum === undefined ? {} : { momentum }),
  };
  const learningRate = options.learningRate ?? rule.defaults.learningRate;
  const canMeasure = dataset.arrays.has('labels') || dataset.arrays.has('targets');
  const held =
    options.validation ?? (canMeasure ? Math.min(Math.ceil(dataset.length * HELD_OUT_SHARE), HELD_OUT_MOST) : 0);
  return {
    batch,
    accumulate,
    optimizer,
    optimizerOptions,
    learningRate: scheduleOver({ schedule, learningRate, warmUp }),
    ...(options.steps === undefined ? { epochs: options.epochs ?? 1 } : { steps: options.steps }),
    ...(options.epochs === undefined ? {} : { epochs: options.epochs }),
    ...(options.clipNorm === undefined ? {} : { clipNorm: options.clipNorm }),
    seed,
    ...(held > 0 ? { validation: { count: held, metric } } : {}),
    ...(options.patience === undefined ? {} : { patience: options.patience }),
    ...(options.run === undefined
      ? {}
      : { checkpoint: { path: join(options.run, 'checkpoint.safetensors'), every: options.checkpointEvery ?? 1000 } }),
    form: {
      ...(options.bind ? { bind: options.bind } : {}),
      ...(options.batchNorm ? { batchNorm: options.batchNorm } : {}),
      ...(options.dropout ? { dropout: options.dropout } : {}),
      ...(options.trainable ? { trainable: options.trainable } : {}),
      ...(options.frozen ? { frozen: options.frozen } : {}),
    },
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...(options.blockedLayout === undefined ? {} : { blockedLayout: options.blockedLayout }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.shards === undefined ? {} : { shards: options.shards }),
    ...(options.signal ? { signal: options.signal } : {}),
    onStep: (record) => {
      log?.step(record);
      options.onProgress?.({ stage: 'train', done: record.step, total: record.steps });
    },
    onEpoch: (record) => log?.epoch(record),
  };
}

/** The models that teach. */
export async function teachers(teacher: TeacherChoice['teacher']): Promise<Model[]> {
  const list = Array.isArray(teacher) ? (teacher as readonly ModelInput[]) : [teacher as ModelInput];
  return Promise.all(list.map(async (model) => (await toModel(model)).ir));
}

/** How they teach. */
export function teaching({ alpha, temperature, teacherEngine, distillation }: Partial<TeacherChoice>) {
  return {
    ...(distillation === undefined ? {} : { loss: distillation }),
    ...(alpha === undefined ? {} : { alpha }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(teacherEngine === undefined ? {} : { teacherEngine }),
  };
}
