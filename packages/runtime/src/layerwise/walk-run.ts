import { GossamerError, type Model, type Node, type Value, type WeightView, weightsOf } from '@gossamer/graph';
import type { DataSource } from '../data/data-source.js';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Feeds } from '../session/feeds.js';
import { ActivationStore } from './activation-store.js';
import { outputsOf, readsOf } from './graph-reads.js';
import { type InputsRequest, type LayerInputs, LayerStep, type StepHost } from './layer-step.js';
import type { PlannedStep } from './plan-steps.js';
import { type RecordOptions, sampleRuns, type SampleRun } from './record-samples.js';
import { partOf, Segment } from './segment.js';
import type { FlatModel } from './take-branches.js';
import { WorkingWeights } from './working-weights.js';

export interface LayerwiseOptions extends RecordOptions {
  /** 'both': also what layers read in the model as it was given. Default 'quantized'. */
  readonly streams?: 'quantized' | 'both';
  /** Where to make the folder for activations, which is removed at the end. Default: the system's place for temporary files. */
  readonly folder?: string;
  /** Samples a run. Default 8. */
  readonly batchSize?: number;
  readonly onProgress?: (progress: { stage: 'layerwise'; done: number; total: number }) => void;
}

type Stream = 'quantized' | 'float';

export interface WalkPlan {
  /** As it was given: its nodes are those of the steps. */
  readonly model: Model;
  /** What runs. */
  readonly flat: FlatModel;
  readonly plan: readonly PlannedStep[];
  readonly data: DataSource;
  readonly options: LayerwiseOptions;
}

/** One walk over the steps of a plan. What it keeps on disk is gone when it ends, however it does. */
export async function* walk(what: WalkPlan): AsyncGenerator<LayerStep> {
  const store = new ActivationStore(what.options.folder);
  try {
    yield* new WalkRun(what, store).steps();
  } finally {
    store.dispose();
  }
}

class WalkRun implements StepHost {
  readonly runs: SampleRun[] = [];
  readonly #model: Model;
  readonly #plan: readonly PlannedStep[];
  readonly #options: LayerwiseOptions;
  readonly #weights: WorkingWeights;
  readonly #isBoth: boolean;
  /** Nodes of the given model, by what they are in the one that runs. */
  readonly #given = new Map<Node, Node>();
  /** Names of values that differ between the streams. */
  readonly #changed = new Set<string>();

  constructor(
    private readonly what: WalkPlan,
    private readonly store: ActivationStore,
  ) {
    const { model, flat, plan, options } = what;
    this.#model = flat.model;
    this.#plan = plan;
    this.#options = options;
    this.#isBoth = options.streams === 'both';
    this.#weights = new WorkingWeights(
      flat.model,
      plan.flatMap(({ unit }) => unit),
    );
    for (const scope of model.graph.scopes()) {
      for (const node of scope.nodes()) {
        const placed = flat.place(node);
        if (typeof placed !== 'string') this.#given.set(placed, node);
      }
    }
  }

  async *steps(): AsyncGenerator<LayerStep> {
    const { signal, onProgress } = this.#options;
    const total = this.#plan.length;
    await this.#record();
    const settled = new Set<Value>();
    for (const [index, planned] of this.#plan.entries()) {
      await this.#advance(planned);
      const step = this.#open(index, planned, settled);
      try {
        yield step;
      } finally {
        step.close();
      }
      signal?.throwIfAborted();
      this.#drop(planned.finished);
      onProgress?.({ stage: 'layerwise', done: index + 1, total });
    }
  }

  async *read(step: LayerStep, request: InputsRequest): AsyncGenerator<LayerInputs> {
    const { outputs: isWanted = false, runs = this.runs.keys() } = request;
    if (isWanted && !this.#isBoth) {
      const text = "outputs: expected a walk with streams 'both', received one with 'quantized'";
      throw new GossamerError<RuntimeErrorCode>('ERR_OPTION', text);
    }
    const unit = isWanted ? await this.#segment('float', step.outputs) : undefined;
    try {
      for (const run of runs) {
        this.#options.signal?.throwIfAborted();
        const quantized = this.#feeds('quantized', step.inputs, run);
        const float = this.#isBoth ? this.#feeds('float', step.inputs, run, quantized) : undefined;
        const outputs = await unit?.run(run);
        yield { ...this.runs[run]!, run, quantized, float, outputs };
        await turn();
      }
    } finally {
      await unit?.dispose();
    }
  }

  replace(view: WeightView, data: Float32Array): void {
    const placed = weightsOf(this.what.flat.place(view.node) as Node);
    this.#weights.replace(
      placed.find(({ inputIndex }) => inputIndex === view.inputIndex)!,
      data,
    );
  }

  part(step: LayerStep, stream: Stream): Model {
    const model = stream === 'float' ? this.#model : this.#weights.model;
    const inputs = new Set(step.inputs);
    const typeOf = ({ name }: Value) => (inputs.has(name) ? this.store.typeOf(this.#key(stream, name)) : undefined);
    return partOf(model, step.outputs, (name) => inputs.has(name), typeOf);
  }

  /** Keeps what is fed, as far as a segment or a layer reads it. */
  async #record(): Promise<void> {
    const wanted = new Set(this.#plan.flatMap(({ reads, inputs }) => [...reads, ...inputs]).map(({ name }) => name));
    const fed = this.#model.graph.inputs.map(({ name }) => name).filter((name) => wanted.has(name));
    for await (const { run, feeds } of sampleRuns(this.what.model, this.what.data, this.#options)) {
      for (const name of fed) this.store.put(this.#key('quantized', name), this.runs.length, feeds[name]!);
      this.runs.push(run);
    }
  }

  /** Runs the segment in front of a step over all runs. */
  async #advance({ segment, makes, passed, ran }: PlannedStep): Promise<void> {
    const names = makes.map(({ name }) => name);
    if (!this.#isBoth) await this.#compute('quantized', names);
    else {
      this.#followChanges(segment);
      await this.#compute('float', names);
      await this.#compute(
        'quantized',
        names.filter((name) => this.#changed.has(name)),
      );
    }
    this.#drop(passed);
    for (const node of ran) this.#weights.release(node);
  }

  async #compute(stream: Stream, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const segment = await this.#segment(stream, names);
    try {
      for (const run of this.runs.keys()) {
        const made = await segment.run(run);
        for (const name of names) this.store.put(this.#key(stream, name), run, made[name]!);
        await turn();
        this.#options.signal?.throwIfAborted();
      }
    } finally {
      await segment.dispose();
    }
  }

  #segment(stream: Stream, outputs: readonly string[]): Promise<Segment> {
    const model = stream === 'float' ? this.#model : this.#weights.model;
    return Segment.open(model, outputs, this.store, (name) => this.#key(stream, name), this.#options);
  }

  /** What reads a changed value or has new weights makes changed values. */
  #followChanges(segment: readonly Node[]): void {
    for (const node of segment) {
      const isChanged = this.#weights.isReplaced(node) || readsOf(node).some(({ name }) => this.#changed.has(name));
      if (isChanged) for (const { name } of outputsOf(node)) this.#changed.add(name);
    }
  }

  #feeds(stream: Stream, names: readonly string[], run: number, same?: Feeds): Feeds {
    const shares = (name: string) => same && this.#key(stream, name) === this.#key('quantized', name);
    return Object.fromEntries(
      names.map((name) => [name, shares(name) ? same![name]! : this.store.get(this.#key(stream, name), run)]),
    );
  }

  /** Values that are equal in both streams are kept once. */
  #key(stream: Stream, name: string): string {
    return `${this.#isBoth && (stream === 'float' || !this.#changed.has(name)) ? 'float' : 'quantized'}:${name}`;
  }

  #drop(values: readonly Value[]): void {
    for (const { name } of values) {
      this.store.drop(`float:${name}`);
      this.store.drop(`quantized:${name}`);
    }
  }

  /** The step in terms of the given model: nodes that were made for the walk (in place of an If) are left out. */
  #open(index: number, { unit, inputs, outputs }: PlannedStep, settled: Set<Value>): LayerStep {
    const views: WeightView[] = [];
    const reads = new Map<Node, readonly (string | undefined)[]>();
    const wanted = new Set(inputs.map(({ name }) => name));
    for (const node of unit) {
      const given = this.#given.get(node);
      if (!given) continue;
      const names = node.inputs.map((value) => (value && wanted.has(value.name) ? value.name : undefined));
      reads.set(given, names);
      const own = weightsOf(given);
      for (const { source, inputIndex } of weightsOf(node)) {
        if (settled.has(source)) continue;
        settled.add(source);
        views.push(own.find((view) => view.inputIndex === inputIndex)!);
      }
    }
    return new LayerStep(
      index,
      this.#plan.length,
      { nodes: [...reads.keys()], views, inputs: [...wanted], outputs: outputs.map(({ name }) => name) },
      reads,
      this,
    );
  }
}

/** Lets timers, signals and progress through: a run blocks the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
