import { type Model, Tensor } from '@gossamer/graph';
import { ComposedForm, GraphTrainer, type LossTerm, streamOf, toTrainingForm, writeBack } from '@gossamer/train';
import { classCondition } from '../losses/class-condition.js';
import { codeReconstruction } from '../losses/code-reconstruction.js';
import { diversity } from '../losses/diversity.js';
import { FROZEN, generatorNet, SAMPLES } from '../nets/generator-net.js';
import { RECOGNISED, recogniserNet } from '../nets/recogniser-net.js';
import { fillNormal } from '../normal-numbers.js';
import { CLASSES, CODE_ESTIMATE, MADE, NOISE, TEACHER_LOGITS } from '../value-names.js';
import type { AdversarialOptions } from './adversarial-maker.js';
import type { MadeBatch, MakerContext, SampleMaker } from './sample-maker.js';

/** Random numbers of a code, beside the class. */
const WIDTH = 32;
const STREAM = streamOf('decoder');

/**
 * Decoder from the teacher alone: a code and a class become a sample that the teacher takes for that class, and that an encoder reads the code
 * from. Every batch has all classes alike often.
 *
 * Source: Yoo et al., "Knowledge Extraction with No Observable Data" (KegNet), NeurIPS 2019, section 4.
 */
export class DecoderMaker implements SampleMaker {
  readonly idle = 0;
  readonly trainers: Readonly<Record<string, GraphTrainer>>;
  readonly warnings: readonly string[];
  readonly #noise: Float32Array;
  readonly #feeds: Readonly<Record<string, Tensor>>;

  private constructor(
    private readonly context: MakerContext,
    private readonly model: Model,
    private readonly trainer: GraphTrainer,
  ) {
    const { batch, teacher } = context;
    this.trainers = { generator: trainer };
    this.warnings = trainer.session.warnings;
    this.#noise = new Float32Array(batch * WIDTH);
    const classes = new Float32Array(batch * teacher.classes);
    for (let row = 0; row < batch; row++) classes[row * teacher.classes + (row % teacher.classes)] = 1;
    this.#feeds = {
      [NOISE]: Tensor.of('float32', [batch, WIDTH], this.#noise),
      [CLASSES]: Tensor.of('float32', [batch, teacher.classes], classes),
    };
  }

  static async open(
    context: MakerContext,
    { mean, deviation }: Omit<AdversarialOptions, 'adversarial'>,
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
    const { logits } = teacher.judge(composed, made);
    const outputs = { [MADE]: made, [CODE_ESTIMATE]: estimate, [TEACHER_LOGITS]: logits };
    const losses: LossTerm[] = [{ loss: classCondition() }, { loss: codeReconstruction() }, { loss: diversity() }];
    const kept = [MADE, TEACHER_LOGITS];
    return new DecoderMaker(
      context,
      model,
      await GraphTrainer.open(composed.finish(outputs), losses, { ...session, kept }),
    );
  }

  generator(): Model {
    const own = [...this.trainer.store.snapshot()].filter(([name]) => this.model.graph.value(name));
    return writeBack(this.model, new Map(own));
  }

  async round(step: number, signal?: AbortSignal): Promise<MadeBatch> {
    fillNormal(this.#noise, this.context.seed, STREAM, step);
    const outputs = await this.trainer.update(this.#feeds, step, this.context.rateAt(step), signal);
    return { samples: outputs[MADE]!, logits: outputs[TEACHER_LOGITS]! };
  }

  dispose(): Promise<void> {
    return this.trainer.dispose();
  }
}
