import { type Model, Tensor } from '@gossamer/graph';
import { float32View } from '@gossamer/runtime';
import { ComposedForm, openTrainingSession, toTrainingForm, type TrainingSession } from '@gossamer/train';
import { CODES, SAMPLES } from '../nets/generator-net.js';
import { MADE, REAL, TEACHER_LOGITS } from '../value-names.js';
import { classWeights } from './class-weights.js';
import type { MadeBatch, MakerContext } from './sample-maker.js';

/** Batches of real samples and as many made ones, with what the teacher says of both. */
export class MixedBatches {
  private constructor(
    private readonly session: TrainingSession,
    private readonly inputs: readonly string[],
    private readonly classes: number,
  ) {}

  /** `generator` makes samples of `codes` numbers, with arrays that `make` is given. */
  static async open(context: MakerContext, generator: Model, codes: number): Promise<MixedBatches> {
    const { batch, shape, teacher } = context;
    const rows = batch / 2;
    const composed = new ComposedForm('mixed-batches');
    const real = composed.input(REAL, [rows, ...shape]);
    const code = composed.input(CODES, [rows, codes]);
    const form = toTrainingForm(generator, { batch: rows, mode: 'evaluate' });
    const made = composed.g.concat([real, composed.embed(form, [code], { state: 'fed' })(SAMPLES)], 0);
    const { logits } = teacher.judge(composed, made);
    const { model } = composed.finish({ [MADE]: made, [TEACHER_LOGITS]: logits });
    const session = await openTrainingSession(model, context.session);
    return new MixedBatches(
      session,
      model.graph.inputs.map(({ name }) => name),
      teacher.classes,
    );
  }

  get warnings(): readonly string[] {
    return this.session.warnings;
  }

  /** `live`: the generator's arrays. */
  async make(
    real: Tensor,
    codes: Tensor,
    live: Readonly<Record<string, Tensor>>,
    signal?: AbortSignal,
  ): Promise<MadeBatch> {
    const known: Readonly<Record<string, Tensor>> = { ...live, [REAL]: real, [CODES]: codes };
    const feeds = Object.fromEntries(this.inputs.map((name) => [name, known[name]!]));
    const outputs = await this.session.run(feeds, signal ? { signal } : {});
    const logits = outputs[TEACHER_LOGITS]!;
    const weights = classWeights(float32View(logits), this.classes, real.dims[0]!);
    return { samples: outputs[MADE]!, logits, weights: Tensor.of('float32', [weights.length], weights) };
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}
