import { GossamerError, type Model, type Tensor } from '@gossamer/graph';
import type { Batch, DataSource } from '../data/data-source.js';
import type { RuntimeErrorCode } from '../error-codes.js';
import { detectState, type StateFeed, zeroState } from '../session/detect-state.js';
import type { Feeds } from '../session/feeds.js';
import { modelInputs } from '../session/model-ports.js';
import { Session } from '../session/session.js';

/** One run of the model: a batch of samples, or one step of a batch of sequences. */
export interface SampleRun {
  /** Samples that count. */
  readonly count: number;
  /** Samples fed, where a fixed batch had to be filled up; undefined: `count`. */
  readonly rows: number | undefined;
  /** Position of the first sample among all; steps of sequences count as samples, batch by batch. */
  readonly first: number;
}

export interface RecordOptions {
  readonly batchSize?: number | undefined;
  readonly threads?: number | undefined;
  readonly state?: readonly StateFeed[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs of all samples, one after the other, each with all that is to be fed. State of sequences is what `model` itself carries from step to step. */
export async function* sampleRuns(
  model: Model,
  data: DataSource,
  options: RecordOptions,
): AsyncGenerator<{ readonly run: SampleRun; readonly feeds: Feeds }> {
  const { signal, batchSize = DEFAULT_BATCH, state = detectState(model) } = options;
  const inputs = modelInputs(model);
  const carrier = new StateCarrier(model, state, options);
  let first = 0;
  try {
    const request = { inputs, batchSize, transient: true, ...(signal ? { signal } : {}) };
    for await (const batch of data.batches(request)) {
      const { count, rows } = batch;
      for await (const feeds of carrier.steps(batch)) {
        yield { run: { count, rows: rows !== undefined && rows > count ? rows : undefined, first }, feeds };
        first += count;
      }
      // Let timers, signals and progress through in between.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  } finally {
    await carrier.dispose();
  }
  if (first > 0) return;
  const text = `layerwise: expected at least one sample, received none (${data.description})`;
  throw new GossamerError<RuntimeErrorCode>('ERR_CALIBRATION', text);
}

const DEFAULT_BATCH = 8;

/** What a model with state is fed at each step of a sequence. The model runs only where there is more than one step. */
class StateCarrier {
  #session: Session | undefined;

  constructor(
    private readonly model: Model,
    private readonly state: readonly StateFeed[],
    private readonly options: RecordOptions,
  ) {}

  async *steps({ feeds, steps = [{}] }: Batch): AsyncGenerator<Feeds> {
    let carried: Record<string, Tensor> = {};
    for (const [time, step] of steps.entries()) {
      const given: Feeds = { ...carried, ...feeds, ...step };
      const complete = { ...given, ...this.#initial(given) };
      yield complete;
      if (this.state.length === 0 || time === steps.length - 1) continue;
      const outputs = await (await this.#open()).run(complete, { outputs: this.state.map(({ output }) => output) });
      carried = Object.fromEntries(this.state.map(({ input, output }) => [input, outputs[output]!]));
    }
  }

  #initial(given: Feeds): Feeds {
    const ports = modelInputs(this.model);
    const missing = this.state.filter(({ input }) => !given[input]);
    return Object.fromEntries(
      missing.map(({ input, init }) => {
        const port = ports.find(({ name }) => name === input)!;
        return [input, init ?? zeroState(port, ports, given)];
      }),
    );
  }

  async #open(): Promise<Session> {
    const { threads, signal } = this.options;
    this.#session ??= await Session.open(this.model, {
      state: [],
      memoryPlan: false,
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    });
    return this.#session;
  }

  async dispose(): Promise<void> {
    await this.#session?.dispose();
  }
}
