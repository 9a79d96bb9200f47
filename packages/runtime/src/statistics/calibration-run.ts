import { GossamerError, isFloat, type Model, type Tensor } from '@gossamer/graph';
import { minMax } from '@gossamer/kernels';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Batch, DataSource } from '../data/data-source.js';
import { validRows } from '../data/valid-rows.js';
import { detectState, type StateFeed } from '../session/detect-state.js';
import type { Feeds } from '../session/feeds.js';
import { modelInputs } from '../session/model-ports.js';
import { float32View } from '../session/tensor-view.js';
import type { CalibrateOptions, Calibration } from './calibration.js';
import type { Observed } from './observe-request.js';
import { ProbeSession } from './probe-session.js';
import { ValueObserver } from './value-observer.js';

/** One pass of calibration: the engine, the observers, and what is carried from step to step. */
export class CalibrationRun {
  readonly #observers = new Map<string, ValueObserver>();
  /** Observed inputs, by name: they need not come out of the engine. */
  readonly #fed = new Set<string>();
  readonly #constant = new Map<Tensor, ValueObserver>();
  readonly #session: ProbeSession;
  readonly #state: readonly StateFeed[];
  #carried: Record<string, Tensor> = {};

  constructor(
    private readonly model: Model,
    requests: readonly Observed[],
    private readonly options: CalibrateOptions,
  ) {
    const inputs = new Set(modelInputs(model).flatMap(({ name, optional }) => (optional ? [] : [name])));
    const probed: Observed[] = [];
    for (const observed of requests) {
      const observer = new ValueObserver(observed, options.bins);
      const { value, id } = observed;
      if (value.constant) this.#constant.set(value.constant, observer);
      else if (inputs.has(id)) this.#fed.add(id);
      else probed.push(observed);
      this.#observers.set(id, observer);
    }
    this.#session = new ProbeSession(model, probed, options);
    this.#state = options.state ?? detectState(model);
  }

  async over(data: DataSource): Promise<Calibration> {
    const { signal, batchSize, onProgress } = this.options;
    const request = { ...(signal ? { signal } : {}), ...(batchSize === undefined ? {} : { batchSize }) };
    let samples = 0;
    for (const [tensor, observer] of this.#constant) await observer.addValues(tensor);
    for await (const batch of data.batches({ inputs: modelInputs(this.model), transient: true, ...request })) {
      this.#carried = {};
      for (const step of batch.steps ?? [{}]) await this.#step({ ...batch.feeds, ...step }, batch);
      samples += batch.count;
      onProgress?.({ stage: 'calibrate', done: samples, total: data.length });
      // A run blocks the event loop: let timers, signals and progress through in between.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
    if (samples === 0) {
      const text = `calibrate: expected at least one sample, received none (${data.description})`;
      throw new GossamerError<RuntimeErrorCode>('ERR_CALIBRATION', text);
    }
    return this.#result(samples);
  }

  /** Runs one step; values that turn out not to be finite are taken whole, now and from here on. */
  async #step(feeds: Feeds, batch: Batch): Promise<void> {
    const initial = Object.fromEntries(this.#state.flatMap(({ input, init }) => (init ? [[input, init]] : [])));
    const complete: Feeds = { ...initial, ...this.#carried, ...feeds };
    const stateOutputs = this.#state.map(({ output }) => output);
    const run = await this.#session.run(complete, stateOutputs);
    const trusted = run.isClean && Object.values(feeds).every(isFinite);
    const work: Promise<void>[] = [];
    const add = (id: string, tensor: Tensor) => work.push(this.#observers.get(id)!.addValues(validRows(tensor, batch)));
    for (const name of this.#fed) add(name, feeds[name]!);
    const again = new Set<string>();
    for (const result of run.results) {
      const { id } = result.observed;
      if (result.mode === 'whole') add(id, result.values);
      else if (!trusted || !this.#observers.get(id)!.addReduced(result.minimum, result.maximum)) again.add(id);
    }
    if (again.size > 0) {
      await this.#session.takeWhole(again);
      const whole = await this.#session.run(complete, [], again);
      for (const result of whole.results) if (result.mode === 'whole') add(result.observed.id, result.values);
    }
    await Promise.all(work);
    for (const { input, output } of this.#state) this.#carried[input] = run.outputs[output]!;
  }

  #result(samples: number): Calibration {
    const { refused } = this.#session;
    const warnings = Array.from(refused, ([id, reason]) => `${id}: not calibrated, ${reason}`);
    const observed = [...this.#observers].filter(([id]) => !refused.has(id));
    const statistics = new Map(observed.map(([id, observer]) => [id, observer.statistics()]));
    for (const { name, nanCount, infCount, min, max } of statistics.values()) {
      if (nanCount + infCount > 0) {
        warnings.push(`${name}: ${nanCount} NaN and ${infCount} infinite values were left out`);
      } else if (min > max) warnings.push(`${name}: no value was seen`);
    }
    return { statistics, samples, warnings };
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}

function isFinite(tensor: Tensor): boolean {
  if (!isFloat(tensor.dtype)) return true;
  const { nanCount, infCount } = minMax(float32View(tensor));
  return nanCount + infCount === 0;
}
