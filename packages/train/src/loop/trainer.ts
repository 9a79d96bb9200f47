import type { Tensor } from '@gossamer/graph';
import { GossamerError, type Model } from '@gossamer/graph';
import { createMetric, float32View } from '@gossamer/runtime';
import { BatchPlan } from '../data/batch-plan.js';
import type { Dataset } from '../data/dataset.js';
import type { TrainErrorCode } from '../error-codes.js';
import { toTrainingForm } from '../form/to-training-form.js';
import type { TrainingForm } from '../form/training-form.js';
import { findOptimizer } from '../optimizers/registry.js';
import { openDataParallelSession } from '../parallel/data-parallel-session.js';
import { buildTrainingGraph, LOSS, type TrainingGraph } from '../step/build-training-graph.js';
import { openTrainingSession, type TrainingSession } from '../step/training-session.js';
import { BatchFeeder, type FedArray } from './batch-feeder.js';
import { Evaluator } from './evaluator.js';
import { gradientMemory } from './gradient-memory.js';
import { GradientPath } from './gradient-path.js';
import { type Gradients, GradientSums } from './gradient-sums.js';
import { OptimizerState } from './optimizer-state.js';
import { ParameterStore } from './parameter-store.js';
import { Regularization } from './regularization.js';
import { Sparsification } from './sparsification.js';
import type { EpochRecord, TrainOptions } from './train-options.js';
import { digestOf } from './training-digest.js';

/** What training has come to; with the arrays, all that a checkpoint holds. */
export interface Progress {
  /** Updates made. */
  step: number;
  /** Sum of the losses of the epoch's updates so far, and their number. */
  lossSum: number;
  lossCount: number;
  history: EpochRecord[];
  best: { epoch: number; value: number; weights: ReadonlyMap<string, Float32Array> } | undefined;
  /** Measurements since the best one. */
  idle: number;
}

/** Updates that an epoch consists of, and how many there are in all. */
export interface Length {
  readonly perEpoch: number;
  readonly steps: number;
}

/** A model in training: one update at a time. */
export class Trainer {
  readonly progress: Progress = { step: 0, lossSum: 0, lossCount: 0, history: [], best: undefined, idle: 0 };
  readonly #plan: BatchPlan;
  readonly #regularization: Regularization;
  readonly #feeder: BatchFeeder;
  #digest: string | undefined;
  readonly #sums = new GradientSums();
  readonly gradientPath: GradientPath;
  /** Where gradients go: the same memory at every update. */
  readonly #into: Readonly<Record<string, Tensor>>;

  private constructor(
    readonly options: TrainOptions,
    readonly form: TrainingForm,
    readonly graph: TrainingGraph,
    readonly session: TrainingSession,
    readonly store: ParameterStore,
    readonly sparsification: Sparsification,
    readonly optimizer: OptimizerState,
    readonly evaluator: Evaluator | undefined,
    readonly dataset: Dataset,
    /** Held-out samples. */
    readonly validation: Dataset | undefined,
    readonly length: Length,
    /** Learning rate of each update, from 0. */
    readonly rateAt: (step: number) => number,
  ) {
    const { seed = 0, shuffle = true } = options;
    const fed = [...form.inputs.map((name) => fedInput(form, name)), ...graph.lossInputs];
    this.#feeder = new BatchFeeder(dataset, fed, form.random, graph.batch, options.companions?.names);
    // ONNX Runtime makes a tensor of its own for each output, whatever it is given.
    this.#into = session.engine === 'ort' ? {} : gradientMemory(graph, store);
    this.gradientPath = new GradientPath(options, store, sparsification.frozen);
    this.#regularization = new Regularization(store, options.regularizers ?? []);
    this.#plan = new BatchPlan(dataset.length, graph.batch, seed, shuffle);
  }

  /** Opens everything; `training` and `validation` are samples that share none. */
  static async open(
    model: Model,
    training: Dataset,
    validation: Dataset | undefined,
    options: TrainOptions,
  ): Promise<Trainer> {
    const { batch = 128, engine, threads, signal } = options;
    const form = formOf(model, options, batch);
    const graph = buildTrainingGraph(form, options.losses);
    const store = new ParameterStore(form, graph.lossParameters);
    const rule = findOptimizer(options.optimizer ?? 'adam');
    const resolved = rule.resolve({ ...options.optimizerOptions });
    const sparsification = new Sparsification(store, options.masks ?? new Map(), options.sparsifier);
    const optimizer = new OptimizerState(rule, resolved, store, options.groups ?? [], sparsification.frozen);
    const length = lengthOf(options, training.length, batch);
    const { learningRate = resolved.learningRate } = options;
    const rateAt = (step: number) =>
      typeof learningRate === 'number' ? learningRate : learningRate(step, length.steps);
    const opening = {
      ...(engine === undefined ? {} : { engine }),
      ...(threads === undefined ? {} : { threads }),
      ...(options.blockedLayout === undefined ? {} : { blockedLayout: options.blockedLayout }),
      ...(signal ? { signal } : {}),
    };
    const { workers = 1, shards = workers } = options;
    const session =
      workers === 1 && shards === 1
        ? await openTrainingSession(graph.model, opening)
        : await openDataParallelSession(
            graph,
            (size) => buildTrainingGraph(formOf(model, options, size), options.losses),
            { ...opening, workers, shards },
          );
    let evaluator: Evaluator | undefined;
    try {
      const metric = options.validation?.metric ?? 'top1';
      evaluator = validation && (await Evaluator.open(model, validation, metric, batch, options, opening));
      return new Trainer(
        options,
        form,
        graph,
        session,
        store,
        sparsification,
        optimizer,
        evaluator,
        training,
        validation,
        length,
        rateAt,
      );
    } catch (error) {
      await session.dispose();
      await evaluator?.dispose();
      throw error;
    }
  }

  /** Of everything that decides updates, as it was when first asked for. */
  get digest(): string {
    return (this.#digest ??= digestOf(this));
  }

  get learningRate(): number {
    return this.rateAt(this.progress.step);
  }

  /** True when all updates are made, or the last measurements were no better. */
  get isDone(): boolean {
    const { patience } = this.options;
    return this.progress.step >= this.length.steps || (patience !== undefined && this.progress.idle >= patience);
  }

  /** True when updates were made whose epoch has come to its end, and has not been ended. */
  get isEpochOver(): boolean {
    const { step, lossCount } = this.progress;
    return lossCount > 0 && (step % this.length.perEpoch === 0 || step >= this.length.steps);
  }

  /** One update; returns its loss. Throws ERR_DIVERGED where the loss is no finite number. Where it fails, nothing of it is left: it can be made again. */
  async update(): Promise<number> {
    const before = this.store.running.map(({ data }) => data.slice());
    try {
      return await this.#update();
    } catch (error) {
      this.store.running.forEach(({ data }, i) => data.set(before[i]!));
      throw error;
    }
  }

  async #update(): Promise<number> {
    const { accumulate = 1, seed = 0, augment, companions } = this.options;
    const { step } = this.progress;
    const rate = this.learningRate;
    let total = 0;
    let loss = 0;
    let gradients: Gradients = new Map();
    for (let part = 0; part < accumulate; part++) {
      const position = step * accumulate + part;
      const { indices, count, epoch } = this.#plan.at(position);
      this.#feeder.read(indices, count);
      const context = { epoch, step: position, seed, count };
      augment?.(this.#feeder.arrays, context);
      await companions?.compute(this.#feeder.arrays, context);
      this.#feeder.draw(seed, position);
      const outputs = await this.session.run({ ...this.store.feeds, ...this.#feeder.feeds }, { into: this.#into });
      loss += outputs[LOSS]!.toFloat64()[0]! * count;
      total += count;
      const own = new Map([...this.graph.gradients].map(([name, output]) => [name, floats(outputs[output]!)]));
      gradients = accumulate === 1 ? own : this.#sums.add(own, count / this.graph.batch, part === 0);
      for (const { data, state } of this.store.running) data.set(floats(outputs[state.output!]!));
    }
    loss /= total;
    if (!Number.isFinite(loss)) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_DIVERGED',
        `loss: expected a finite number, received ${loss} at update ${step + 1} (learning rate ${rate}); a smaller learning rate or clipNorm may help`,
      );
    }
    const update = { step, steps: this.length.steps, learningRate: rate, seed };
    this.sparsification.beforeStep(gradients, update);
    const mean = accumulate === 1 ? 1 : this.graph.batch / total;
    this.optimizer.apply(gradients, step + 1, rate, this.gradientPath.prepare(gradients, mean, step));
    this.#regularization.apply(rate);
    this.sparsification.afterStep(gradients, update);
    this.progress.step++;
    this.progress.lossSum += loss;
    this.progress.lossCount++;
    return loss;
  }

  /** Ends an epoch: measures, where it is time, and keeps the best weights. */
  async endEpoch(signal: AbortSignal | undefined): Promise<EpochRecord> {
    const { progress, options, evaluator, length } = this;
    const epoch = Math.ceil(progress.step / length.perEpoch);
    const isLast = progress.step >= length.steps;
    const every = options.validation?.every ?? 1;
    const value =
      evaluator && (isLast || epoch % every === 0) ? await evaluator.measure(this.store, signal) : undefined;
    const record: EpochRecord = {
      epoch,
      step: progress.step,
      loss: progress.lossSum / progress.lossCount,
      learningRate: this.rateAt(progress.step - 1),
      ...(value === undefined ? {} : { validation: value }),
    };
    if (value !== undefined) this.#compare(epoch, value);
    progress.history.push(record);
    progress.lossSum = progress.lossCount = 0;
    return record;
  }

  async dispose(): Promise<void> {
    await this.session.dispose();
    await this.evaluator?.dispose();
  }

  #compare(epoch: number, value: number): void {
    const { progress, options } = this;
    if (options.patience === undefined) return;
    const { better } = createMetric(options.validation?.metric ?? 'top1');
    const known = progress.best?.value;
    const isBetter =
      known === undefined || Number.isNaN(known) || (better === 'higher' ? value > known : value < known);
    if (isBetter) progress.best = { epoch, value, weights: this.store.snapshot() };
    progress.idle = isBetter ? 0 : progress.idle + 1;
  }
}

function formOf(model: Model, options: TrainOptions, batch: number): TrainingForm {
  const form = toTrainingForm(model, { ...options.form, batch });
  return options.rewrite?.(form, 'train') ?? form;
}

function lengthOf(options: TrainOptions, samples: number, batch: number): Length {
  const { accumulate = 1, epochs, steps } = options;
  const perEpoch = Math.ceil(samples / (batch * accumulate));
  const total = steps ?? (epochs === undefined ? undefined : epochs * perEpoch);
  if (total === undefined || (steps !== undefined && epochs !== undefined)) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `epochs, steps: expected one of them, received ${total === undefined ? 'none' : 'both'}`,
    );
  }
  if (Number.isInteger(total) && total >= 1) return { perEpoch, steps: total };
  throw new GossamerError<TrainErrorCode>('ERR_TRAIN_OPTIONS', `steps: expected an integer >= 1, received ${total}`);
}

function fedInput(form: TrainingForm, name: string): FedArray {
  const type = form.model.graph.value(name)?.type;
  if (type?.kind === 'tensor' && type.dtype && type.shape)
    return { name, dtype: type.dtype, shape: type.shape as readonly number[] };
  throw new Error(`input ${name}: has no type`);
}

const floats = (tensor: Tensor): Float32Array => float32View(tensor);
