import { GossamerError, Tensor } from '@gossamer/graph';
import { float32View, type Outputs } from '@gossamer/runtime';
import { fillUniform, streamOf } from '../data/counter-random.js';
import type { TrainErrorCode } from '../error-codes.js';
import type { TrainingForm } from '../form/training-form.js';
import type { LossTerm } from '../losses/loss.js';
import type { OptimizerOptions } from '../optimizers/optimizer.js';
import { findOptimizer, type OptimizerName } from '../optimizers/registry.js';
import { buildTrainingGraph, LOSS, SAMPLE_WEIGHTS, type TrainingGraph } from '../step/build-training-graph.js';
import { openTrainingSession, type TrainingSession, type TrainingSessionOptions } from '../step/training-session.js';
import { gradientMemory } from './gradient-memory.js';
import { OptimizerState } from './optimizer-state.js';
import { ParameterStore } from './parameter-store.js';

export interface GraphTrainerOptions extends TrainingSessionOptions {
  /** Default 'adam'. */
  readonly optimizer?: OptimizerName;
  /** Default: the optimiser's. */
  readonly optimizerOptions?: Readonly<Record<string, number>>;
  /** Outputs of the form that an update returns beside its losses. Default: none. */
  readonly kept?: readonly string[];
  /** Of the random inputs of the form. Default 0. */
  readonly seed?: number;
}

/** A form that is trained on batches that the caller makes: where several nets train together, each has one. */
export class GraphTrainer {
  readonly store: ParameterStore;
  readonly #optimizer: OptimizerState;
  readonly #into: Readonly<Record<string, Tensor>>;
  readonly #ones: Tensor;
  readonly #random: readonly { readonly name: string; readonly stream: number; readonly tensor: Tensor }[];

  private constructor(
    form: TrainingForm,
    private readonly graph: TrainingGraph,
    readonly session: TrainingSession,
    private readonly options: GraphTrainerOptions,
  ) {
    this.store = new ParameterStore(form, graph.lossParameters);
    const rule = findOptimizer(options.optimizer ?? 'adam');
    const resolved: OptimizerOptions = rule.resolve({ ...options.optimizerOptions });
    this.#optimizer = new OptimizerState(rule, resolved, this.store, [], new Map());
    this.#into = session.engine === 'native' ? gradientMemory(graph, this.store) : {};
    this.#ones = Tensor.of('float32', [graph.batch], new Float32Array(graph.batch).fill(1));
    this.#random = form.random.map(({ name, shape }) => ({
      name,
      stream: streamOf(name),
      tensor: Tensor.of('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1))),
    }));
  }

  static async open(
    form: TrainingForm,
    losses: readonly LossTerm[],
    options: GraphTrainerOptions = {},
  ): Promise<GraphTrainer> {
    const graph = buildTrainingGraph(form, losses, options.kept);
    return new GraphTrainer(form, graph, await openTrainingSession(graph.model, options), options);
  }

  /**
   * Update `step`, from 0: one run over `feeds` (by input, `sample_weights` being 1 where they are not given), one step of the optimiser. Returns
   * the losses and what is kept, as they were before it. Throws ERR_DIVERGED where the loss is no finite number.
   */
  async update(
    feeds: Readonly<Record<string, Tensor>>,
    step: number,
    learningRate: number,
    signal?: AbortSignal,
  ): Promise<Outputs> {
    for (const { stream, tensor } of this.#random) {
      fillUniform(float32View(tensor), this.options.seed ?? 0, stream, step);
    }
    const random = Object.fromEntries(this.#random.map(({ name, tensor }) => [name, tensor]));
    const known: Readonly<Record<string, Tensor>> = {
      [SAMPLE_WEIGHTS]: this.#ones,
      ...feeds,
      ...random,
      ...this.store.feeds,
    };
    const read = this.graph.model.graph.inputs.map(({ name }) => [name, known[name]!] as const);
    const outputs = await this.session.run(Object.fromEntries(read), {
      into: this.#into,
      ...(signal ? { signal } : {}),
    });
    const loss = outputs[LOSS]!.toFloat64()[0]!;
    if (!Number.isFinite(loss)) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_DIVERGED',
        `loss: expected a finite number, received ${loss} at update ${step + 1} (learning rate ${learningRate})`,
      );
    }
    const gradients = new Map([...this.graph.gradients].map(([name, output]) => [name, float32View(outputs[output]!)]));
    for (const { data, state } of this.store.running) {
      if (state.output !== undefined) data.set(float32View(outputs[state.output]!));
    }
    this.#optimizer.apply(gradients, step + 1, learningRate, 1);
    return outputs;
  }

  /** Every array that an update changes, by its name in a checkpoint. */
  arrays(): ReadonlyMap<string, Float32Array> {
    const live = [...this.store.parameters, ...this.store.running];
    return new Map([
      ...live.map(({ name, data }) => [`weight/${name}`, data] as const),
      ...[...this.#optimizer.arrays()].map(([name, data]) => [`slot/${name}`, data] as const),
    ]);
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}
