import { inferTypes, type Model, type Node, subModel, type Tensor, tensorType, type Value } from '@gossamer/graph';
import { bootstrapMedian, type DataSource, type Feeds, measureLatency, modelInputs, Session } from '@gossamer/runtime';
import { badOption } from '../errors.js';
import type { LayerRule } from '../options.js';
import { quantize } from '../quantize.js';
import { sessionOptions } from '../session-options.js';
import type { ChoiceUnit } from './choice-unit.js';
import type { JournalKeeper } from './journal.js';
import type { MixedPrecisionOptions } from './mixed-precision-options.js';
import type { WeightOption } from './weight-option.js';

/** What is timed, and on what. */
export interface LatencyContext extends Pick<
  MixedPrecisionOptions,
  'engine' | 'threads' | 'batchSize' | 'signal' | 'onProgress'
> {
  /** Prepared; the weights of `units` are its own. */
  readonly model: Model;
  readonly units: readonly ChoiceUnit[];
  readonly options: readonly WeightOption[];
  readonly data: DataSource;
  readonly journal: JournalKeeper;
}

/** Milliseconds that the timing of a layer, and of a whole model, takes; within the limits of runs. */
const LAYER_MS = 50;
const WHOLE_MS = 1000;
const RUNS = { least: 5, most: 200 };

/** Times layers and models on the first batch of the data. Every time is a median in milliseconds, and goes through the journal. */
export class LatencyTable {
  readonly #types: ReturnType<typeof inferTypes>;
  #feeds: Promise<Feeds> | undefined;
  #values: Promise<Readonly<Record<string, Tensor>>> | undefined;

  constructor(private readonly context: LatencyContext) {
    this.#types = inferTypes(context.model);
  }

  /**
   * Of each unit and option, the sum over the unit's layers, each timed as a model of its own with the form that `quantize` gives its weights: [unit][option]. 0 for layers in
   * subgraphs, which cannot be fed alone.
   */
  async layers(): Promise<number[][]> {
    const { units, options, signal, onProgress } = this.context;
    const total = units.length * options.length;
    const times: number[][] = [];
    for (const [u, unit] of units.entries()) {
      const row: number[] = [];
      for (const [o, option] of options.entries()) {
        signal?.throwIfAborted();
        row.push(await this.unit(unit, option));
        onProgress?.({ stage: 'latency', done: u * options.length + o + 1, total });
      }
      times.push(row);
    }
    return times;
  }

  /** Layers in subgraphs: they are in the time of the whole model alone. */
  get untimed(): readonly string[] {
    const { model, units } = this.context;
    const timed = new Set([...model.graph.nodes()].map(({ id }) => id));
    return units.flatMap(({ layers }) => layers).filter((id) => !timed.has(id));
  }

  /** One unit with one option; undefined: in float. */
  async unit(unit: ChoiceUnit, option: WeightOption | undefined): Promise<number> {
    const { model, journal } = this.context;
    const nodes = [...model.graph.nodes()].filter(({ id }) => unit.layers.includes(id));
    let sum = 0;
    for (const node of nodes) {
      const name = option?.fit ? option.name : 'float32';
      sum += await journal.measure(this.#key(`${node.id} as ${name}`), () => this.#layer(node, option));
    }
    return sum;
  }

  /** The whole model: the median, and the upper end of its 95 % bootstrap interval. `name` says which model it is. */
  async model(name: string, make: () => Promise<Model>): Promise<{ median: number; high: number }> {
    const { journal } = this.context;
    let taken: Promise<{ median: number; high: number }> | undefined;
    const time = () =>
      (taken ??= make().then(async (model) => {
        const { samples, median } = await this.#time(model, await this.#firstFeeds(), WHOLE_MS);
        return { median, high: Math.max(median, bootstrapMedian(samples, 0).high) };
      }));
    const median = await journal.measure(this.#key(`the model, ${name}`), async () => (await time()).median);
    const high = await journal.measure(this.#key(`the model, ${name}, upper`), async () => (await time()).high);
    return { median, high };
  }

  #key(what: string): string {
    const { engine = 'ort', threads } = this.context;
    return `milliseconds of ${what} on ${engine}, ${threads === undefined ? 'all' : threads} threads`;
  }

  async #layer(node: Node, option: WeightOption | undefined): Promise<number> {
    const { model } = this.context;
    const values = await this.#layerInputs();
    const typeOf = ({ name }: Value) => {
      const tensor = values[name];
      return tensor ? tensorType(tensor.dtype, tensor.dims) : undefined;
    };
    const outputs = node.outputs.filter((value): value is Value => value !== undefined);
    const alone = subModel(model, new Set([node]), outputs, typeOf);
    const feeds = Object.fromEntries(alone.graph.inputs.map(({ name }) => [name, values[name]!]));
    const rules = option?.fit ? [ruleOf(option, '*')] : [];
    const made =
      rules.length === 0
        ? alone
        : (await quantize(alone, { mode: 'weight-only', layers: rules, optimize: false })).model;
    return (await this.#time(made, feeds, LAYER_MS)).median;
  }

  async #time(model: Model, feeds: Feeds, milliseconds: number) {
    const { signal } = this.context;
    const session = await Session.open(model, sessionOptions(this.context));
    const how = { minSeconds: 0, ...(signal ? { signal } : {}) };
    try {
      const first = await measureLatency(session, feeds, { ...how, warmup: 2, runs: 3 });
      const wanted = Math.ceil(milliseconds / first.median);
      const runs = Math.min(RUNS.most, Math.max(RUNS.least, wanted));
      return await measureLatency(session, feeds, { ...how, warmup: 0, runs });
    } finally {
      await session.dispose();
    }
  }

  #firstFeeds(): Promise<Feeds> {
    return (this.#feeds ??= firstFeeds(this.context));
  }

  /** What the layers read, on the first batch. */
  #layerInputs(): Promise<Readonly<Record<string, Tensor>>> {
    return (this.#values ??= this.#capture());
  }

  async #capture(): Promise<Readonly<Record<string, Tensor>>> {
    const { model, units, threads, signal } = this.context;
    const ids = new Set(units.flatMap(({ layers }) => layers));
    const nodes = [...model.graph.nodes()];
    const read = nodes.filter(({ id }) => ids.has(id)).flatMap((node) => node.inputs);
    const made = [...new Set(read)].filter((value): value is Value => value?.producer !== undefined);
    const feeds = await this.#firstFeeds();
    const part = subModel(model, new Set(nodes), made, (value) => value.type ?? this.#types.typeOf(value));
    const session = await Session.open(part, sessionOptions({ threads, signal }));
    try {
      return { ...feeds, ...(await session.run(feeds)) };
    } finally {
      await session.dispose();
    }
  }
}

/** The rule that gives the layers which `match` names an option. */
export function ruleOf({ weights, blockSize }: Pick<WeightOption, 'weights' | 'blockSize'>, match: string): LayerRule {
  if (weights === 'float32') return { match, weights };
  return blockSize > 0
    ? { match, weights, granularity: 'perBlock', blockSize }
    : { match, weights, granularity: 'perAxis' };
}

async function firstFeeds({ model, data, batchSize = 1, signal }: LatencyContext): Promise<Feeds> {
  const how = { batchSize, limit: batchSize, ...(signal ? { signal } : {}) };
  for await (const { feeds, steps } of data.batches({ inputs: modelInputs(model), ...how })) {
    if (steps) badOption('budget.latency', 'data without sequences', 'sequences, whose steps depend on each other');
    return feeds;
  }
  return badOption('data', 'at least one sample', 0);
}
