import type { CheckpointOptions, Dataset, StepRecord, TrainingEngine } from '@gossamer/train';

/** What makes the samples. */
export type GeneratorKind = 'gan' | 'vae';

export interface DataFreeOptions {
  readonly generator: GeneratorKind;
  /** A few real samples that the generator is trained on, labels not needed. Default: none, the generator learns from the teacher alone. */
  readonly samples?: Dataset;
  /** Rounds: one update of the generator and one of the student each (with `samples`, the student waits for the first third). */
  readonly steps: number;
  /** Samples of a batch. Default 128. */
  readonly batch?: number;
  /** The student's highest rate; it falls along a cosine. Default 2e-3. */
  readonly learningRate?: number;
  /** The generator's rate. Default 0.02 without samples, 1e-3 with them. */
  readonly generatorLearningRate?: number;
  /** Of the soft targets, > 0. Default 1. */
  readonly temperature?: number;
  /** Weight of the student's disagreement in the loss of a generator that learns from the teacher alone; not with samples. Default 1. */
  readonly adversarial?: number;
  /** Mean and standard deviation of the inputs that the teacher was trained on, where no samples tell them. Default 0 and 1. */
  readonly inputMean?: number;
  readonly inputDeviation?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default 'auto'. */
  readonly engine?: TrainingEngine;
  readonly threads?: number;
  readonly checkpoint?: CheckpointOptions;
  readonly signal?: AbortSignal;
  /** After each update of the student. */
  readonly onStep?: (record: StepRecord) => void;
}
