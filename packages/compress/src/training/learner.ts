import { distill } from '@gossamer/distill';
import type { Model } from '@gossamer/graph';
import { type Sparsifier, train, type TrainOptions, type TrainResult } from '@gossamer/train';
import {
  type FinetuneOptions,
  lossOf,
  metricOf,
  readDataset,
  refuseLoss,
  teachers,
  teaching,
  trainingOptions,
} from './finetune.js';
import { trainedMasks, trainedNames } from './trained-masks.js';
import { TrainingLog } from './training-log.js';

/** What a method adds to a training: masks, a checkpoint of its own; `sparsify`: what makes zeros among those of its names that are trained. */
export interface Lesson extends Partial<Omit<TrainOptions, 'losses' | 'sparsifier'>> {
  readonly sparsify?: {
    readonly names: readonly string[];
    readonly make: (parameters: readonly string[]) => Sparsifier;
  };
}

/** Trains a model on as it was said. */
export type Learner = (model: Model, lesson: Lesson) => Promise<TrainResult>;

/**
 * How models like `model` are fine-tuned, or taught, as a part of something longer. The data are read once. `run` holds the log and, unless the lesson brings its own, the checkpoint. Throws ERR_OPTION, and what
 * reading the data throws.
 */
export async function learnerOf(model: Model, options: FinetuneOptions): Promise<Learner> {
  const { teacher, run } = options;
  if (teacher !== undefined) refuseLoss(options);
  const dataset = await readDataset(model, options);
  const metric = options.metric ?? metricOf(dataset);
  const masters = teacher === undefined ? undefined : await teachers(teacher);
  const losses = masters ? [] : [lossOf(options, dataset)];
  return async (student, { masks, sparsify, ...lesson }) => {
    const log = run === undefined ? undefined : new TrainingLog(run);
    const common = trainingOptions(options, dataset, metric, log);
    const trained = sparsify && trainedNames(student, common.form);
    const training = {
      ...{ ...common, ...lesson },
      ...(masks ? { masks: trainedMasks(student, masks, common.form) } : {}),
      ...(sparsify ? { sparsifier: sparsify.make(sparsify.names.filter((name) => trained!.has(name))) } : {}),
    };
    const result = masters
      ? await distill(student, masters, dataset, { ...training, ...teaching(options) })
      : await train(student, dataset, { ...training, losses });
    log?.finish(result.history, metric);
    return result;
  };
}
