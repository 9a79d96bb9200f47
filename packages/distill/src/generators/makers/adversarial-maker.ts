import { type Model, Tensor } from '@gossamer/graph';
import { ComposedForm, GraphTrainer, type LossTerm, streamOf, toTrainingForm, writeBack } from '@gossamer/train';
import { activation } from '../losses/activation.js';
import { confidence } from '../losses/confidence.js';
import { disagreement } from '../losses/disagreement.js';
import { informationEntropy } from '../losses/information-entropy.js';
import { CODES, FROZEN, generatorNet, SAMPLES } from '../nets/generator-net.js';
import { fillNormal } from '../normal-numbers.js';
import { FEATURES, MADE, STUDENT_LOGITS, TEACHER_LOGITS } from '../value-names.js';
import type { MadeBatch, MakerContext, SampleMaker } from './sample-maker.js';

/** Numbers that a sample is made of. */
const WIDTH = 100;
const STREAM = streamOf('codes');
/** Weights of the losses on MNIST in DAFL's code. */
const ACTIVATION = 0.1;
const ENTROPY = 5;
/** Begins the names of the student's arrays in the generator's graph. */
const STUDENT = 'student/';

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
    private readonly seesStudent: boolean,
  ) {
    this.trainers = { generator: trainer };
    this.warnings = trainer.session.warnings;
    this.#noise = new Float32Array(context.batch * WIDTH);
    this.#codes = Tensor.of('float32', [context.batch, WIDTH], this.#noise);
  }

  static async open(context: MakerContext, options: AdversarialOptions): Promise<AdversarialMaker> {
    const { batch, teacher, shape, seed, session, student } = context;
    const { mean, deviation, adversarial } = options;
    const model = generatorNet({ codes: WIDTH, shape, seed, head: { kind: 'standardised', mean, deviation } });
    const form = toTrainingForm(model, { batch, frozen: [FROZEN] });
    const composed = new ComposedForm('data-free');
    const made = composed.embed(form, [composed.input(CODES, [batch, WIDTH])], { state: 'trained' })(SAMPLES);
    const { logits, features } = teacher.judge(composed, made);
    const losses: LossTerm[] = [{ loss: confidence() }, { loss: informationEntropy(), weight: ENTROPY }];
    const outputs = { [MADE]: made, [TEACHER_LOGITS]: logits };
    if (features) {
      Object.assign(outputs, { [FEATURES]: features });
      losses.push({ loss: activation(), weight: ACTIVATION });
    }
    if (adversarial > 0) {
      const said = composed.embed(student.form, [made], { prefix: STUDENT, state: 'fed' })(student.form.outputs[0]!);
      Object.assign(outputs, { [STUDENT_LOGITS]: said });
      losses.push({ loss: disagreement(), weight: adversarial });
    }
    const trainer = await GraphTrainer.open(composed.finish(outputs), losses, {
      ...session,
      kept: [MADE, TEACHER_LOGITS],
    });
    return new AdversarialMaker(context, model, trainer, adversarial > 0);
  }

  generator(): Model {
    return writeBack(this.model, this.trainer.store.snapshot());
  }

  async round(step: number, signal?: AbortSignal): Promise<MadeBatch> {
    const { seed, rateAt, student } = this.context;
    fillNormal(this.#noise, seed, STREAM, step);
    const live = this.seesStudent ? Object.entries(student.feeds()) : [];
    const feeds = { [CODES]: this.#codes, ...Object.fromEntries(live.map(([name, t]) => [`${STUDENT}${name}`, t])) };
    const outputs = await this.trainer.update(feeds, step, rateAt(step), signal);
    return { samples: outputs[MADE]!, logits: outputs[TEACHER_LOGITS]! };
  }

  dispose(): Promise<void> {
    return this.trainer.dispose();
  }
}
