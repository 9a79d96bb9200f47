import { type Model, Tensor } from '@gossamer/graph';
import { float32View } from '@gossamer/runtime';
import { ComposedForm, fillUniform, GraphTrainer, streamOf, toTrainingForm, writeBack } from '@gossamer/train';
import { evidenceBound } from '../losses/evidence-bound.js';
import { generatorNet, RAW } from '../nets/generator-net.js';
import { RECOGNISED, recogniserNet } from '../nets/recogniser-net.js';
import { fillNormal } from '../normal-numbers.js';
import { CODE_LOG_VARIANCE, CODE_MEAN, NOISE, REAL, RECONSTRUCTED, UNIT_SAMPLES } from '../value-names.js';
import { MixedBatches } from './mixed-batches.js';
import type { RealSamples } from './real-samples.js';
import type { MadeBatch, MakerContext, SampleMaker } from './sample-maker.js';

/** Numbers of a code. */
const WIDTH = 32;
/** Weight of the divergence of codes from N(0, 1). */
const BETA = 0.5;
/** Logarithms of variances lie within +- this: exponents stay finite. */
const LOG_VARIANCE_MOST = 10;
/** Standard deviations around the code of a real sample. */
const SPREAD = 1.25;
const TRAINING = streamOf('autoencoder');
const MAKING = streamOf('around');
const BETWEEN = streamOf('between');

/**
 * Variational autoencoder of a few real samples. Codes of new ones lie around those of real samples (every second) or between two of them.
 * Source: Kingma and Welling, ICLR 2014 (arXiv:1312.6114).
 */
export class AutoencoderMaker implements SampleMaker {
  readonly idle: number;
  readonly trainers: Readonly<Record<string, GraphTrainer>>;
  readonly #noise: Float32Array;
  readonly #noiseTensor: Tensor;

  private constructor(
    private readonly context: MakerContext,
    private readonly real: RealSamples,
    private readonly model: Model,
    private readonly trainer: GraphTrainer,
    private readonly batches: MixedBatches,
  ) {
    this.idle = Math.floor(context.steps / 3);
    this.trainers = { generator: trainer };
    this.#noise = new Float32Array(real.rows * WIDTH);
    this.#noiseTensor = Tensor.of('float32', [real.rows, WIDTH], this.#noise);
  }

  static async open(context: MakerContext, real: RealSamples): Promise<AutoencoderMaker> {
    const { shape, seed, session } = context;
    const { rows: batch, low, high } = real;
    const model = generatorNet({ codes: WIDTH, shape, seed, head: { kind: 'ranged', low, high } });
    const composed = new ComposedForm('autoencoder');
    const { g } = composed;
    const seen = composed.input(REAL, [batch, ...shape]);
    const noise = composed.input(NOISE, [batch, WIDTH]);
    const unit = g.scale(g.sub(seen, g.constant(low)), 1 / (high - low));
    const encoder = toTrainingForm(recogniserNet({ name: 'encoder', shape, outputs: 2 * WIDTH, seed }), { batch });
    const both = composed.embed(encoder, [unit], { state: 'trained' })(RECOGNISED);
    const mean = g.slice(both, [1], [0], [WIDTH]);
    const free = g.slice(both, [1], [WIDTH], [2 * WIDTH]);
    const logVariance = g.op('Clip', [free, g.constant(-LOG_VARIANCE_MOST), g.constant(LOG_VARIANCE_MOST)]);
    const code = g.add(mean, g.mul(g.op('Exp', [g.scale(logVariance, 0.5)]), noise));
    const decoded = composed.embed(toTrainingForm(model, { batch }), [code], { state: 'trained' })(RAW);
    const form = composed.finish({
      [UNIT_SAMPLES]: unit,
      [CODE_MEAN]: mean,
      [CODE_LOG_VARIANCE]: logVariance,
      [RECONSTRUCTED]: decoded,
    });
    const kept = [CODE_MEAN, CODE_LOG_VARIANCE];
    const trainer = await GraphTrainer.open(form, [{ loss: evidenceBound(BETA) }], { ...session, kept });
    return new AutoencoderMaker(context, real, model, trainer, await MixedBatches.open(context, model, WIDTH));
  }

  get warnings(): readonly string[] {
    return [...this.trainer.session.warnings, ...this.batches.warnings];
  }

  generator(): Model {
    const own = [...this.trainer.store.snapshot()].filter(([name]) => this.model.graph.value(name));
    return writeBack(this.model, new Map(own));
  }

  async round(step: number, signal?: AbortSignal): Promise<MadeBatch | undefined> {
    const { seed, rateAt } = this.context;
    const real = this.real.at(step);
    fillNormal(this.#noise, seed, TRAINING, step);
    const outputs = await this.trainer.update({ [REAL]: real, [NOISE]: this.#noiseTensor }, step, rateAt(step), signal);
    if (step < this.idle) return undefined;
    const [mean, logVariance] = [float32View(outputs[CODE_MEAN]!), float32View(outputs[CODE_LOG_VARIANCE]!)];
    const codes = Tensor.of('float32', [this.real.rows, WIDTH], this.#codes(mean, logVariance, step));
    return this.batches.make(real, codes, this.trainer.store.feeds, signal);
  }

  async dispose(): Promise<void> {
    await this.batches.dispose();
    await this.trainer.dispose();
  }

  /** Even rows: around the code of the row; odd rows: between it and that of the next row. */
  #codes(mean: Float32Array, logVariance: Float32Array, step: number): Float32Array {
    const { seed } = this.context;
    const { rows } = this.real;
    const codes = new Float32Array(mean.length);
    const shares = new Float32Array(rows);
    fillNormal(codes, seed, MAKING, step);
    fillUniform(shares, seed, BETWEEN, step);
    return codes.map((normal, i) => {
      const row = Math.floor(i / WIDTH);
      if (row % 2 === 0) return mean[i]! + SPREAD * Math.exp(logVariance[i]! / 2) * normal;
      const share = shares[row]!;
      return (1 - share) * mean[i]! + share * mean[(i + WIDTH) % mean.length]!;
    });
  }
}
