import { GossamerError, type Model, type Tensor } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import { defaultThreads } from './default-threads.js';
import { detectState, type StateFeed, zeroState } from './detect-state.js';
import type { Requantization } from '../native/compilation.js';
import type { EngineReport, EngineSession, ModelSource, OperatorTime, OptimizationLevel } from './engine.js';
import { findEngine } from './engines.js';
import type { Feeds, Outputs } from './feeds.js';
import { fillInto, requireInto } from './into.js';
import { modelInputs } from './model-ports.js';
import type { PortSpec } from './port-spec.js';
import type { RunOptions } from './run-options.js';
import { openGsmModel } from './open-gsm-model.js';
import { type StateCarrier, Stepper } from './stepper.js';

export interface SessionOptions {
  /** Which engine runs the model. Default 'ort'. */
  readonly engine?: string;
  /** Threads of one call. Default: GOSSAMER_THREADS, else all cores. */
  readonly threads?: number;
  /** How far the engine may rewrite the graph. Default 'all'. */
  readonly optimization?: OptimizationLevel;
  /** Where the engine writes the graph it really runs (ort only), its weights beside it under this name and .data. Default: nowhere. */
  readonly optimizedPath?: string;
  /** Lay out the memory of a run ahead (ort only); false takes less of it for the same time. Default true. */
  readonly memoryPlan?: boolean;
  /** State carried between steps. Default: what detectState finds. */
  readonly state?: readonly StateFeed[];
  /**
   * How the sums of integer layers become codes (engines native and auto only): multiplied in float32, as ONNX Runtime does, or in
   * fixed point, in integers alone (docs/engine.md). Default 'float'.
   */
  readonly requantize?: Requantization;
  readonly signal?: AbortSignal;
}

/**
 * A model opened in an engine. `run` may be called any number of times; in onnxruntime-node a run blocks the event loop while it lasts.
 *
 * State inputs (see detectState) need not be fed: a run then starts from their initial value, and `stepper` carries them along.
 */
export class Session {
  /** What has to be fed; state inputs are marked optional. */
  readonly inputs: readonly PortSpec[];
  readonly outputs: readonly PortSpec[];
  /** Which engine runs what (engine 'auto' only). */
  readonly report: EngineReport | undefined;
  #disposed = false;

  private constructor(
    readonly engine: string,
    private readonly opened: EngineSession,
    readonly state: readonly StateFeed[],
    specs: ReadonlyMap<string, PortSpec>,
  ) {
    const carried = new Set(state.map(({ input }) => input));
    this.inputs = opened.inputs.map((port) => {
      const maximum = specs.get(port.name)?.maximum;
      return {
        ...port,
        ...(maximum === undefined ? {} : { maximum }),
        ...(carried.has(port.name) ? { optional: true } : {}),
      };
    });
    this.outputs = opened.outputs;
    this.report = opened.report;
  }

  /** Opens a model: a graph, the path of an .onnx file (data beside it included) or of a .gsm file, or the bytes of one. */
  static async open(given: Model | string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
    const model = openGsmModel(given);
    const engine = findEngine(options.engine ?? 'ort');
    options.signal?.throwIfAborted();
    requireRequantization(options.requantize ?? 'float', engine.name);
    const opened = await engine.open(sourceOf(model), {
      threads: options.threads ?? defaultThreads(),
      optimization: options.optimization ?? 'all',
      optimizedPath: options.optimizedPath,
      memoryPlan: options.memoryPlan ?? true,
      state: options.state,
      requantize: options.requantize,
      signal: options.signal,
    });
    const isGraph = typeof model === 'object' && 'graph' in model;
    const state = options.state ?? (isGraph ? detectState(model) : detectState(opened));
    const specs = new Map(isGraph ? modelInputs(model).map((spec) => [spec.name, spec]) : []);
    return new Session(engine.name, opened, state, specs);
  }

  /** Runs the model once; tensors by input name in, by output name out. What is fed must not change until the run has ended. Throws ERR_FEEDS, ERR_ORT_RUN. */
  async run(feeds: Feeds, options: RunOptions = {}): Promise<Outputs> {
    if (this.#disposed)
      throw new GossamerError<RuntimeErrorCode>('ERR_ENGINE', 'session: expected an open one, received a disposed one');
    options.signal?.throwIfAborted();
    return this.#into(this.#complete(feeds), options, (...run) => this.opened.run(...run));
  }

  /** Runs step after step, feeding the state that comes out of one into the next. */
  stepper(options: { readonly state?: readonly StateFeed[] } = {}): Stepper {
    return new Stepper(this, options.state ?? this.state, options.state ? undefined : this.#carrier());
  }

  /**
   * Turns measuring of operators on or off (engines 'native' and 'auto'); what each took since it was turned on, in order, parts that ONNX
   * Runtime runs as a whole. Throws ERR_ENGINE where the engine cannot tell.
   */
  profile(on: boolean): readonly OperatorTime[] {
    if (this.opened.profile && !this.#disposed) return this.opened.profile(on);
    const received = this.#disposed ? 'a disposed session' : this.engine;
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_ENGINE',
      `profile: expected engine native or auto, received ${received}`,
    );
  }

  /** Frees the engine's memory. Further runs throw. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.opened.dispose();
  }

  #carrier(): StateCarrier | undefined {
    if (this.state.length === 0) return undefined;
    const carrier = this.opened.carry?.();
    return (
      carrier && {
        step: async (feeds, isFirst, options) => {
          options.signal?.throwIfAborted();
          const complete = isFirst ? this.#complete(feeds) : this.#known(feeds);
          return this.#into(complete, options, (...run) => carrier.run(...run));
        },
        reset: () => carrier.reset(),
      }
    );
  }

  async #into(feeds: Feeds, options: RunOptions, run: EngineSession['run']): Promise<Outputs> {
    const { into, signal } = options;
    const wanted = this.#wanted(options);
    if (into === undefined) return run(feeds, wanted, signal);
    requireInto(into, wanted, this.outputs, feeds);
    return fillInto(await run(feeds, wanted, signal, into), into);
  }

  #wanted({ outputs }: RunOptions): readonly string[] {
    const known = new Set(this.outputs.map(({ name }) => name));
    const wanted = outputs ?? [...known];
    const unknown = wanted.find((name) => !known.has(name));
    if (unknown === undefined) return wanted;
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_FEEDS',
      `outputs: expected some of ${[...known].join(', ')}, received ${unknown}`,
    );
  }

  /** Checks names. */
  #known(feeds: Feeds): Feeds {
    const ports = new Set(this.inputs.map(({ name }) => name));
    const stranger = Object.keys(feeds).find((name) => !ports.has(name));
    if (stranger === undefined) return feeds;
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_FEEDS',
      `feeds: expected inputs ${[...ports].join(', ')}, received ${stranger}`,
    );
  }

  /** Checks names and adds the initial state where it is not fed. */
  #complete(given: Feeds): Feeds {
    const feeds = this.#known(given);
    const complete: Record<string, Tensor> = { ...feeds };
    for (const port of this.inputs) {
      if (complete[port.name]) continue;
      const link = this.state.find(({ input }) => input === port.name);
      if (!link)
        throw new GossamerError<RuntimeErrorCode>('ERR_FEEDS', `feeds: expected input ${port.name}, received none`);
      complete[port.name] = link.init ?? zeroState(port, this.inputs, feeds);
    }
    return complete;
  }
}

function requireRequantization(requantize: string, engine: string): void {
  const isNative = engine === 'native' || engine === 'auto';
  if (requantize === 'float' || (requantize === 'fixed-point' && isNative)) return;
  const expected =
    isNative || requantize !== 'fixed-point' ? 'float or fixed-point' : 'engine native or auto for fixed-point';
  const received = requantize === 'fixed-point' ? engine : requantize;
  throw new GossamerError<RuntimeErrorCode>('ERR_ENGINE', `requantize: expected ${expected}, received ${received}`);
}

function sourceOf(model: Model | string | Uint8Array): ModelSource {
  if (typeof model === 'string') return { kind: 'path', path: model };
  if (model instanceof Uint8Array) return { kind: 'bytes', bytes: model };
  return { kind: 'model', model };
}
