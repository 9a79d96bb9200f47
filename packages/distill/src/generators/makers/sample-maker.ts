import type { Model, Tensor } from '@gossamer/graph';
import type { GraphTrainer, TrainingForm, TrainingSessionOptions } from '@gossamer/train';
import type { FrozenTeacher } from '../frozen-teacher.js';

/** What the student learns from in one step. */
export interface MadeBatch {
  readonly samples: Tensor;
  /** The teacher's, [batch, classes]. */
  readonly logits: Tensor;
  /** Of each sample; default 1. */
  readonly weights?: Tensor;
}

/** Trains a generator and makes samples with it, one batch a step. What it draws depends on seed and step alone. */
export interface SampleMaker {
  /** Those whose arrays a checkpoint holds, by name. */
  readonly trainers: Readonly<Record<string, GraphTrainer>>;
  readonly warnings: readonly string[];
  /** Rounds before the first batch. */
  readonly idle: number;
  /** The generator as it is now. */
  generator(): Model;
  /** One update of the generator and of what it is trained with, and a batch; undefined while it is not fit to teach. */
  round(step: number, signal?: AbortSignal): Promise<MadeBatch | undefined>;
  dispose(): Promise<void>;
}

/** What every maker is made from. */
export interface MakerContext {
  readonly teacher: FrozenTeacher;
  /** Of a sample, as the student reads it. */
  readonly shape: readonly number[];
  readonly batch: number;
  readonly steps: number;
  readonly seed: number;
  /** Learning rate of the generator at a step. */
  readonly rateAt: (step: number) => number;
  readonly session: TrainingSessionOptions;
  /** The student's form for evaluation, and its arrays as they are now. */
  readonly student: { readonly form: TrainingForm; readonly feeds: () => Readonly<Record<string, Tensor>> };
}
