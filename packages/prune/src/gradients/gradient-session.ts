import { GossamerError, type Model, Tensor } from '@gossamer/graph';
import { modelInputs } from '@gossamer/runtime';
import {
  BatchFeeder,
  buildTrainingGraph,
  crossEntropy,
  type Dataset,
  LOSS,
  type Loss,
  meanSquaredError,
  newArray,
  openTrainingSession,
  type Parameter,
  toTrainingForm,
  type TrainingForm,
  type TrainingGraph,
  type TrainingSession,
} from '@gossamer/train';
import type { PruneErrorCode } from '../error-codes.js';

export interface GradientOptions {
  /** Default: cross-entropy of `labels`; where the data have none, the squared error of `targets`. */
  readonly loss?: Loss;
  /** Names of the stored tensors wanted; those of which no gradient is known are left out. Default: all that training would change, biases and scales of normalizations too. */
  readonly parameters?: readonly string[];
  /** Samples whose mean loss is differentiated at once; as many as the file's batch has at most, where that is fixed. Default 32. */
  readonly batch?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Gradients of the mean loss of some samples. */
export interface BatchGradients {
  /** By name of the stored tensor, in its layout; the next batch writes them over. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly loss: number;
  readonly count: number;
}

const DEFAULT_BATCH = 32;

/**
 * Gradients of a model's loss by its stored tensors, in evaluation: running statistics stand still, nothing is dropped out. Dispose of it after use.
 */
export class GradientSession {
  /** By name, as float32. Live: what is written here is where the next gradients are taken. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly #feeds: Readonly<Record<string, Tensor>>;
  readonly #into: Readonly<Record<string, Tensor>>;
  readonly #gradients: ReadonlyMap<string, Float32Array>;

  private constructor(
    private readonly session: TrainingSession,
    private readonly feeder: BatchFeeder,
    /** Samples there are, of a gradient, and of a run. */
    private readonly sizes: { readonly all: number; readonly each: number; readonly run: number },
    { parameters }: TrainingForm,
    graph: TrainingGraph,
    private readonly signal: AbortSignal | undefined,
  ) {
    const live = (list: readonly Parameter[]) =>
      list.map(({ name, initial }) => [name, initial.dims, initial.toFloat32()] as const);
    const own = live(parameters);
    this.weights = new Map(own.map(([name, , data]) => [name, data]));
    const fed = [...own, ...live(graph.lossParameters)];
    this.#feeds = Object.fromEntries(fed.map(([name, dims, data]) => [name, Tensor.of('float32', dims, data)]));
    const made = own.map(([name, dims, { length }]) => [name, dims, newArray('float32', length)] as const);
    this.#gradients = new Map(made.map(([name, , data]) => [name, data as Float32Array]));
    this.#into = Object.fromEntries(
      made.map(([name, dims, data]) => [graph.gradients.get(name)!, Tensor.of('float32', dims, data)]),
    );
  }

  /** Throws what toTrainingForm throws for a model that has no gradients, and ERR_TRAIN_DATA for data that the loss cannot read. */
  static async open(model: Model, dataset: Dataset, options: GradientOptions = {}): Promise<GradientSession> {
    const { loss = defaultLoss(dataset), parameters, batch = DEFAULT_BATCH, threads, signal } = options;
    const [fixed] = modelInputs(model)[0]?.shape ?? [];
    const run = typeof fixed === 'number' ? fixed : batch;
    const form = toTrainingForm(model, {
      ...{ mode: 'evaluate', batchNorm: 'frozen', batch: run },
      ...(parameters ? { trainable: parameters.filter((name) => isFloatConstant(model, name)) } : {}),
    });
    const graph = buildTrainingGraph(form, [{ loss }]);
    const inputs = form.inputs.map((name) => {
      const type = form.model.graph.value(name)!.type;
      if (type?.kind !== 'tensor') throw new Error(`input ${name}: expected a tensor, as training forms have them`);
      return { name, dtype: type.dtype!, shape: type.shape as readonly number[] };
    });
    const feeder = new BatchFeeder(dataset, [...inputs, ...graph.lossInputs], form.random, run);
    const session = await openTrainingSession(graph.model, {
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    });
    return new GradientSession(
      session,
      feeder,
      { all: dataset.length, each: Math.min(batch, run), run },
      form,
      graph,
      signal,
    );
  }

  /** What the engine says of itself. */
  get warnings(): readonly string[] {
    return this.session.warnings;
  }

  /** One batch after another, in the order of the data. Throws ERR_PRUNE_DATA where the loss is no finite number. */
  async *batches(): AsyncGenerator<BatchGradients> {
    const { all, each, run } = this.sizes;
    for (let first = 0; first < all; first += each) {
      this.signal?.throwIfAborted();
      const count = Math.min(each, all - first);
      // What fills the run up weighs nothing.
      this.feeder.read(
        Uint32Array.from({ length: run }, (_, r) => first + (r < count ? r : 0)),
        count,
      );
      const outputs = await this.session.run({ ...this.#feeds, ...this.feeder.feeds }, { into: this.#into });
      const [loss] = outputs[LOSS]!.toFloat64() as unknown as [number];
      if (!Number.isFinite(loss))
        throw new GossamerError<PruneErrorCode>('ERR_PRUNE_DATA', `loss: expected a finite number, received ${loss}`);
      yield { gradients: this.#gradients, loss, count };
    }
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

const defaultLoss = ({ arrays }: Dataset): Loss =>
  arrays.has('labels') || !arrays.has('targets') ? crossEntropy() : meanSquaredError();

const FLOATS: ReadonlySet<string> = new Set(['float32', 'float16', 'bfloat16']);

const isFloatConstant = (model: Model, name: string): boolean =>
  FLOATS.has(model.graph.value(name)?.constant?.dtype ?? '');
