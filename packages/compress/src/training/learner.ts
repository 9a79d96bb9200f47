import { distill } from '@gossamer/distill';
import type { Model } from '@gossamer/graph';
import { train, type TrainOptions, type TrainResult } from '@gossamer/train';
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
import { trainedMasks } from './trained-masks.js';
import { TrainingLog } from './training-log.js';

/** Trains a model on as it was said, with what a method adds: masks, a sparsifier, a checkpoint of its own. */
export type Learner = (model: Model, lesson: Partial<Omit<TrainOptions, 'losses'>>) => Promise<TrainResult>;

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
  return async (student, { masks, ...lesson }) => {
    const log = run === undefined ? undefined : new TrainingLog(run);
    const common = trainingOptions(options, dataset, metric, log);
    const training = { ...common, ...lesson, ...(masks ? { masks: trainedMasks(student, masks, common.form) } : {}) };
    const result = masters
      ? await distill(student, masters, dataset, { ...training, ...teaching(options) })
      : await train(student, dataset, { ...training, losses });
    log?.finish(result.history, metric);
    return result;
  };
}
