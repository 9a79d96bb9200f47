import { GossamerError, type Model } from '@gossamer/graph';
import {
  crossEntropy,
  type Dataset,
  type Loss,
  type LossTerm,
  train,
  type TrainOptions,
  type TrainResult,
} from '@gossamer/train';
import { createHash } from 'node:crypto';
import { hashModel } from './content-digest.js';
import type { DistillErrorCode } from './error-codes.js';
import { type LogitLossName, logitLoss } from './losses/logit-losses.js';
import type { LogitsOptions } from './losses/logits.js';
import { cacheTeacher } from './teacher/cache-teacher.js';
import { teacherCompanions } from './teacher/teacher-companions.js';
import { Teacher } from './teacher/teacher.js';

/** How a student is trained: the options of training, and what it learns from the teacher. */
export interface DistillOptions extends Omit<TrainOptions, 'losses' | 'companions'> {
  /** Losses, made of the teacher (shapes of its values are known there). Default: `alpha` and `temperature` say them. */
  readonly losses?: (teacher: Teacher, batch: number) => readonly LossTerm[];
  /** How logits are compared, where `losses` does not say. Default 'hinton'. */
  readonly loss?: LogitLossName;
  /** Share of the soft targets against the labels, in (0, 1]. Default 0.9; 1 where the data have no labels. */
  readonly alpha?: number;
  /** Of the soft targets, > 0. Default 4. */
  readonly temperature?: number;
  /** Values inside the teacher that `losses` compare. Default: none. */
  readonly teacherValues?: readonly string[];
  /** Default 'ort'. */
  readonly teacherEngine?: string;
  /** Safetensors file that keeps what the teacher says of every sample, so that it runs once. Not with `augment`. Default: none, it runs on each batch. */
  readonly cache?: string;
}

const DEFAULT_BATCH = 128;

/**
 * Trains `student` to say of `dataset` what `teacher` (one model or an ensemble) says, and what the labels say; returns it with trained weights, as
 * `train` does. Throws what `train` throws, ERR_DISTILL_TEACHER and ERR_DISTILL_OPTIONS.
 */
export async function distill(
  student: Model,
  teacher: Model | readonly Model[],
  dataset: Dataset,
  options: DistillOptions,
): Promise<TrainResult> {
  const {
    losses: makeLosses,
    loss = 'hinton',
    alpha,
    temperature = 4,
    teacherValues,
    teacherEngine,
    cache,
    ...training
  } = options;
  const { batch = DEFAULT_BATCH, threads, signal } = training;
  if (cache !== undefined && training.augment) {
    throw new GossamerError<DistillErrorCode>(
      'ERR_DISTILL_OPTIONS',
      'cache: expected data that are not augmented, received augment beside it',
    );
  }
  const opened = await Teacher.open(teacher, {
    ...(teacherEngine === undefined ? {} : { engine: teacherEngine }),
    ...(threads === undefined ? {} : { threads }),
    ...(teacherValues ? { values: teacherValues } : {}),
    ...(signal ? { signal } : {}),
  });
  try {
    const losses =
      makeLosses?.(opened, batch) ??
      defaultLosses(opened, student, dataset, alpha, (options) => logitLoss(loss, { ...options, temperature }));
    const { names } = opened;
    const models = Array.isArray(teacher) ? (teacher as readonly Model[]) : [teacher as Model];
    if (cache === undefined) {
      return await train(student, dataset, {
        ...training,
        losses,
        companions: {
          ...teacherCompanions(opened, names, batch, signal),
          ...(training.checkpoint ? { digest: digestOf(models) } : {}),
        },
      });
    }
    const taught = await cacheTeacher(opened, names, dataset, { path: cache, models, ...(signal ? { signal } : {}) });
    return await train(student, taught, { ...training, losses });
  } finally {
    await opened.dispose();
  }
}

function digestOf(models: readonly Model[]): string {
  const hash = createHash('sha256');
  for (const model of models) hashModel(hash, model);
  return hash.digest('hex');
}

function defaultLosses(
  teacher: Teacher,
  student: Model,
  dataset: Dataset,
  given: number | undefined,
  make: (options: LogitsOptions) => Loss,
): LossTerm[] {
  const hasLabels = dataset.arrays.has('labels');
  const alpha = given ?? (hasLabels ? 0.9 : 1);
  if (!(alpha > 0 && alpha <= 1)) {
    throw new GossamerError<DistillErrorCode>(
      'ERR_DISTILL_OPTIONS',
      `alpha: expected a number in (0, 1], received ${alpha}`,
    );
  }
  if (alpha < 1 && !hasLabels) {
    throw new GossamerError<DistillErrorCode>(
      'ERR_DISTILL_OPTIONS',
      `alpha: expected 1 for data without labels, received ${alpha}`,
    );
  }
  const own = student.graph.outputs[0]!.name;
  const teacherOutput = teacher.names.includes(own) ? own : teacher.names[0]!;
  const soft = { loss: make({ teacherOutput }), weight: alpha };
  return alpha < 1 ? [{ loss: crossEntropy(), weight: 1 - alpha }, soft] : [soft];
}
