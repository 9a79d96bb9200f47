import { type Model, Tensor } from '@gossamer/graph';
import { ComposedForm, GraphTrainer, streamOf, toTrainingForm, writeBack } from '@gossamer/train';
import { confidence } from '../losses/confidence.js';
import { CODES, FROZEN, generatorNet, SAMPLES } from '../nets/generator-net.js';
import { fillNormal } from '../normal-numbers.js';
import { MADE, TEACHER_LOGITS } from '../value-names.js';
import { addAnswers, type Answers } from './answers.js';
import type { MadeBatch, MakerContext, SampleMaker } from './sample-maker.js';

/** Numbers that a sample is made of. */
const WIDTH = 100;
const STREAM = streamOf('codes');

export interface AdversarialOptions {
  /** Mean and standard deviation of inputs that the teacher was trained on. */
  readonly mean: number;
  readonly deviation: number;
  /** Weight of -KL(T || S); 0: none. */
  readonly adversarial: number;
}

/**
 * Generator from the teacher alone: noise becomes samples that the teacher is sure of, that excite its features, and that fall to all classes; with
 * `adversarial` also samples of which the student says something else. Source: as the losses.
 */
export class AdversarialMaker implements SampleMaker {
  readonly idle = 0;
  readonly trainers: Readonly<Record<string, GraphTrainer>>;
  readonly warnings: readonly string[];
  readonly #codes: Tensor;
  readonly #noise: Float32Array;

  private constructor(
    private readonly context: MakerContext,
    private readonly model: Model,
    private readonly trainer: GraphTrainer,
    private readonly answers: Answers,
  ) {
    this.trainers = { generator: trainer };
    this.warnings = trainer.session.warnings;
    this.#noise = new Float32Array(context.batch * WIDTH);
    this.#codes = Tensor.of('float32', [context.batch, WIDTH], this.#noise);
  }

  static async open(context: MakerContext, options: AdversarialOptions): Promise<AdversarialMaker> {
    const { batch, shape, seed, session } = context;
    const { mean, deviation, adversarial } = options;
    const model = generatorNet({ codes: WIDTH, shape, seed, head: { kind: 'standardised', mean, deviation } });
    const form = toTrainingForm(model, { batch, frozen: [FROZEN] });
    const composed = new ComposedForm('data-free');
    const made = composed.embed(form, [composed.input(CODES, [batch, WIDTH])], { state: 'trained' })(SAMPLES);
    const answers = addAnswers(composed, context, made, adversarial);
    const losses = [{ loss: confidence() }, ...answers.losses];
    const kept = { ...session, kept: [MADE, TEACHER_LOGITS] };
    const trainer = await GraphTrainer.open(composed.finish(answers.outputs), losses, kept);
    return new AdversarialMaker(context, model, trainer, answers);
  }

  generator(): Model {
    return writeBack(this.model, this.trainer.store.snapshot());
  }

  async round(step: number, signal?: AbortSignal): Promise<MadeBatch> {
    const { seed, rateAt } = this.context;
    fillNormal(this.#noise, seed, STREAM, step);
    const feeds = { [CODES]: this.#codes, ...this.answers.feeds() };
    const outputs = await this.trainer.update(feeds, step, rateAt(step), signal);
    return { samples: outputs[MADE]!, logits: outputs[TEACHER_LOGITS]! };
  }

  dispose(): Promise<void> {
    return this.trainer.dispose();
  }
}
