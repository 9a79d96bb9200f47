import { type Model, Tensor } from '@gossamer/graph';
import { ComposedForm, GraphTrainer, streamOf, toTrainingForm, writeBack } from '@gossamer/train';
import { classCondition } from '../losses/class-condition.js';
import { codeReconstruction } from '../losses/code-reconstruction.js';
import { FROZEN, generatorNet, SAMPLES } from '../nets/generator-net.js';
import { RECOGNISED, recogniserNet } from '../nets/recogniser-net.js';
import { fillNormal } from '../normal-numbers.js';
import { CLASSES, CODE_ESTIMATE, MADE, NOISE, TEACHER_LOGITS } from '../value-names.js';
import type { AdversarialOptions } from './adversarial-maker.js';
import { addAnswers, type Answers } from './answers.js';
import type { MadeBatch, MakerContext, SampleMaker } from './sample-maker.js';

/** Random numbers of a code, beside the class. */
const WIDTH = 32;
const STREAM = streamOf('decoder');
const CLASS_STREAM = streamOf('decoder-classes');
/** Standard deviation of the logits that a sample's classes are drawn by: some are sure of one class, most lie between some. */
const SHARPNESS = 2;
/**
 * Weights, chosen on training digits with LeNet-5, 1,000 rounds of 64 and `adversarial` 2: 96.7 % (84 % with 1, 0.1, 5 and `adversarial` 1 at a sharpness
 * of 4; 62 % without the student's disagreement and the entropy).
 */
const CONDITION = 0.3;
const RECONSTRUCTION = 0.1;

/**
 * Decoder from the teacher alone: a code and a distribution over classes, softmax of normal numbers, become a sample of which the teacher says just
 * that, and that an encoder reads the code from; beside that what a GAN of the teacher alone looks for.
 *
 * Source: Yoo et al., "Knowledge Extraction with No Observable Data" (KegNet), NeurIPS 2019, section 4, without its loss of diversity.
 */
export class DecoderMaker implements SampleMaker {
  readonly idle = 0;
  readonly trainers: Readonly<Record<string, GraphTrainer>>;
  readonly warnings: readonly string[];
  readonly #noise: Float32Array;
  readonly #classes: Float32Array;
  readonly #feeds: Readonly<Record<string, Tensor>>;

  private constructor(
    private readonly context: MakerContext,
    private readonly model: Model,
    private readonly trainer: GraphTrainer,
    private readonly answers: Answers,
  ) {
    const { batch, teacher } = context;
    this.trainers = { generator: trainer };
    this.warnings = trainer.session.warnings;
    this.#noise = new Float32Array(batch * WIDTH);
    this.#classes = new Float32Array(batch * teacher.classes);
    this.#feeds = {
      [NOISE]: Tensor.of('float32', [batch, WIDTH], this.#noise),
      [CLASSES]: Tensor.of('float32', [batch, teacher.classes], this.#classes),
    };
  }

  static async open(
    context: MakerContext,
    { mean, deviation, adversarial }: AdversarialOptions,
  ): Promise<DecoderMaker> {
    const { batch, teacher, shape, seed, session } = context;
    const codes = WIDTH + teacher.classes;
    const model = generatorNet({ codes, shape, seed, head: { kind: 'standardised', mean, deviation } });
    const composed = new ComposedForm('data-free-decoder');
    const noise = composed.input(NOISE, [batch, WIDTH]);
    const classes = composed.input(CLASSES, [batch, teacher.classes]);
    const form = toTrainingForm(model, { batch, frozen: [FROZEN] });
    const made = composed.embed(form, [composed.g.concat([noise, classes], 1)], { state: 'trained' })(SAMPLES);
    const encoder = toTrainingForm(recogniserNet({ name: 'encoder', shape, outputs: WIDTH, seed }), { batch });
    const estimate = composed.embed(encoder, [made], { state: 'trained' })(RECOGNISED);
    const answers = addAnswers(composed, context, made, adversarial);
    const outputs = { ...answers.outputs, [CODE_ESTIMATE]: estimate };
    const losses = [
      { loss: classCondition(), weight: CONDITION },
      { loss: codeReconstruction(), weight: RECONSTRUCTION },
      ...answers.losses,
    ];
    const kept = { ...session, kept: [MADE, TEACHER_LOGITS] };
    const trainer = await GraphTrainer.open(composed.finish(outputs), losses, kept);
    return new DecoderMaker(context, model, trainer, answers);
  }

  generator(): Model {
    const own = [...this.trainer.store.snapshot()].filter(([name]) => this.model.graph.value(name));
    return writeBack(this.model, new Map(own));
  }

  async round(step: number, signal?: AbortSignal): Promise<MadeBatch> {
    const { seed, teacher, rateAt } = this.context;
    fillNormal(this.#noise, seed, STREAM, step);
    fillNormal(this.#classes, seed, CLASS_STREAM, step);
    softmaxRows(this.#classes, teacher.classes, SHARPNESS);
    const outputs = await this.trainer.update({ ...this.#feeds, ...this.answers.feeds() }, step, rateAt(step), signal);
    return { samples: outputs[MADE]!, logits: outputs[TEACHER_LOGITS]! };
  }

  dispose(): Promise<void> {
    return this.trainer.dispose();
  }
}

/** Rows of normal numbers become distributions over classes. */
function softmaxRows(rows: Float32Array, classes: number, deviation: number): void {
  for (let row = 0; row < rows.length; row += classes) {
    const weights = rows.subarray(row, row + classes).map((x) => Math.exp(deviation * x));
    const sum = weights.reduce((a, b) => a + b, 0);
    weights.forEach((weight, i) => (rows[row + i] = weight / sum));
  }
}
