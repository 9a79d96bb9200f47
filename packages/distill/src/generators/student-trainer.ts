import type { Model, Tensor } from '@gossamer/graph';
import {
  GraphTrainer,
  toTrainingForm,
  type TrainingForm,
  type TrainingSessionOptions,
  writeBack,
} from '@gossamer/train';
import { hinton } from '../losses/hinton.js';
import { teacherName } from '../losses/teacher-input.js';
import type { MadeBatch } from './makers/sample-maker.js';

/** A student that learns from batches which somebody makes: soft targets alone. */
export class StudentTrainer {
  /** The student as it answers, with arrays that are fed. */
  readonly evaluated: TrainingForm;

  private constructor(
    private readonly model: Model,
    private readonly form: TrainingForm,
    readonly trainer: GraphTrainer,
    /** Of a sample. */
    readonly shape: readonly number[],
    batch: number,
  ) {
    this.evaluated = toTrainingForm(model, { batch, mode: 'evaluate' });
  }

  static async open(
    model: Model,
    options: TrainingSessionOptions & { readonly batch: number; readonly seed: number; readonly temperature: number },
  ): Promise<StudentTrainer> {
    const { batch, seed, temperature, ...session } = options;
    const form = toTrainingForm(model, { batch });
    const type = form.model.graph.value(form.inputs[0]!)?.type;
    const shape = (type?.kind === 'tensor' ? (type.shape as readonly number[]) : []).slice(1);
    const trainer = await GraphTrainer.open(form, [{ loss: hinton({ temperature }) }], { ...session, seed });
    return new StudentTrainer(model, form, trainer, shape, batch);
  }

  /** Its arrays at the moment, by the names of the form's inputs. */
  readonly feeds = (): Readonly<Record<string, Tensor>> => this.trainer.store.feeds;

  /** One update; returns the loss before it. */
  async learn(
    { samples, logits, weights }: MadeBatch,
    step: number,
    rate: number,
    signal?: AbortSignal,
  ): Promise<number> {
    const feeds = {
      [this.form.inputs[0]!]: samples,
      [teacherName(this.form.outputs[0]!)]: logits,
      ...(weights ? { sample_weights: weights } : {}),
    };
    const outputs = await this.trainer.update(feeds, step, rate, signal);
    return outputs['loss']!.toFloat64()[0]!;
  }

  /** The student with the weights it has now. */
  taught(): Model {
    return writeBack(this.model, this.trainer.store.snapshot());
  }
}
