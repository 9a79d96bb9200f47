import type { Model } from '@gossamer/graph';
import type { LossTerm, TrainOptions, TrainResult } from '@gossamer/train';

/** What a schedule asks of a training; the rest (data, losses, epochs, a teacher) is the caller's. */
export interface Lesson extends Pick<
  TrainOptions,
  'masks' | 'sparsifier' | 'regularizers' | 'steps' | 'learningRate' | 'checkpoint' | 'rewrite' | 'groups' | 'signal'
> {
  /** Losses beside the caller's, of schedules that learn what goes: `losses: [...own, ...(lesson.terms ?? [])]`. */
  readonly terms?: readonly LossTerm[];
}

/** What of a training's result is read. */
export type Learned = Pick<TrainResult, 'model' | 'masks' | 'added' | 'warnings'>;

/**
 * Trains a model on: `(model, lesson) => train(model, data, { losses, epochs: 2, ...lesson })`, or `distill(model, teacher, data, { epochs: 2, ...lesson })`. The result must
 * go by the arguments alone: a schedule that is resumed has to come to the same.
 */
export type Learner = (model: Model, lesson: Lesson) => Promise<Learned>;
