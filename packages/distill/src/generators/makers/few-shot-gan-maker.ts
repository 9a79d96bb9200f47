import { type Model, Tensor } from '@gossamer/graph';
import { float32View } from '@gossamer/runtime';
import { ComposedForm, GraphTrainer, streamOf, toTrainingForm, writeBack } from '@gossamer/train';
import { realness, tellApart } from '../losses/adversary.js';
import { CODES, generatorNet, SAMPLES } from '../nets/generator-net.js';
import { RECOGNISED, recogniserNet, SEEN } from '../nets/recogniser-net.js';
import { fillNormal } from '../normal-numbers.js';
import { MADE, REALNESS, TARGETS } from '../value-names.js';
import { MixedBatches } from './mixed-batches.js';
import type { RealSamples } from './real-samples.js';
import type { MadeBatch, MakerContext, SampleMaker } from './sample-maker.js';

/** Numbers that a sample is made of. */
const WIDTH = 64;
/** What the discriminator is to say of real samples: less than 1, it stays unsure (Salimans et al., NeurIPS 2016, section 3.4). */
const REAL_TARGET = 0.9;
/** First moments of Adam for both nets: Radford et al., ICLR 2016 (arXiv:1511.06434), section 4. */
const BETA1 = 0.5;
const JUDGE = 'judge/';
const TRAINING = streamOf('gan');
const MAKING = streamOf('gan-made');

/**
 * Generator and discriminator of a few real samples. Source: Goodfellow et al., 2014 (arXiv:1406.2661), algorithm 1, one update of each a round.
 */
export class FewShotGanMaker implements SampleMaker {
  readonly idle: number;
  readonly trainers: Readonly<Record<string, GraphTrainer>>;
  readonly #noise: Float32Array;
  readonly #codes: Tensor;
  readonly #targets: Tensor;

  private constructor(
    private readonly context: MakerContext,
    private readonly real: RealSamples,
    private readonly model: Model,
    private readonly generators: GraphTrainer,
    private readonly judges: GraphTrainer,
    private readonly batches: MixedBatches,
  ) {
    const { rows } = real;
    this.idle = Math.floor(context.steps / 3);
    this.trainers = { generator: generators, discriminator: judges };
    this.#noise = new Float32Array(rows * WIDTH);
    this.#codes = Tensor.of('float32', [rows, WIDTH], this.#noise);
    this.#targets = Tensor.of('float32', [2 * rows, 1], new Float32Array(2 * rows).fill(REAL_TARGET, 0, rows));
  }

  static async open(context: MakerContext, real: RealSamples): Promise<FewShotGanMaker> {
    const { shape, seed, session } = context;
    const { rows, low, high } = real;
    const model = generatorNet({ codes: WIDTH, shape, seed, head: { kind: 'ranged', low, high } });
    const judge = recogniserNet({ name: 'discriminator', shape, outputs: 1, seed });
    const composed = new ComposedForm('gan');
    const form = toTrainingForm(model, { batch: rows });
    const made = composed.embed(form, [composed.input(CODES, [rows, WIDTH])], { state: 'trained' })(SAMPLES);
    const frozen = toTrainingForm(judge, { batch: rows });
    const said = composed.embed(frozen, [made], { prefix: JUDGE, state: 'fed' })(RECOGNISED);
    const adam = { ...session, optimizerOptions: { beta1: BETA1 } };
    const generators = await GraphTrainer.open(
      composed.finish({ [MADE]: made, [REALNESS]: said }),
      [{ loss: realness() }],
      { ...adam, kept: [MADE] },
    );
    const judging = new ComposedForm('discriminator');
    const both = judging.input(SEEN, [2 * rows, ...shape]);
    const told = judging.embed(toTrainingForm(judge, { batch: 2 * rows }), [both], { state: 'trained' })(RECOGNISED);
    const judges = await GraphTrainer.open(judging.finish({ [REALNESS]: told }), [{ loss: tellApart() }], adam);
    const batches = await MixedBatches.open(context, model, WIDTH);
    return new FewShotGanMaker(context, real, model, generators, judges, batches);
  }

  get warnings(): readonly string[] {
    return [this.generators.session, this.judges.session, this.batches].flatMap(({ warnings }) => warnings);
  }

  generator(): Model {
    return writeBack(this.model, this.generators.store.snapshot());
  }

  async round(step: number, signal?: AbortSignal): Promise<MadeBatch | undefined> {
    const { seed, rateAt } = this.context;
    const real = this.real.at(step);
    fillNormal(this.#noise, seed, TRAINING, step);
    const live = Object.entries(this.judges.store.feeds).map(([name, tensor]) => [`${JUDGE}${name}`, tensor] as const);
    const feeds = { [CODES]: this.#codes, ...Object.fromEntries(live) };
    const made = (await this.generators.update(feeds, step, rateAt(step), signal))[MADE]!;
    const seen = { [SEEN]: joined(real, made), [TARGETS]: this.#targets };
    await this.judges.update(seen, step, rateAt(step), signal);
    if (step < this.idle) return undefined;
    fillNormal(this.#noise, seed, MAKING, step);
    return this.batches.make(real, this.#codes, this.generators.store.feeds, signal);
  }

  async dispose(): Promise<void> {
    await this.batches.dispose();
    await this.judges.dispose();
    await this.generators.dispose();
  }
}

/** The rows of both. */
function joined(first: Tensor, second: Tensor): Tensor {
  const data = new Float32Array(first.length + second.length);
  data.set(float32View(first));
  data.set(float32View(second), first.length);
  return Tensor.of('float32', [first.dims[0]! + second.dims[0]!, ...first.dims.slice(1)], data);
}
