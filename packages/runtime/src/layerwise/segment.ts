import { type Model, type Node, subModel, type Tensor, type Value, type ValueType } from '@gossamer/graph';
import { Session } from '../session/session.js';
import type { Outputs } from '../session/feeds.js';
import type { ActivationStore } from './activation-store.js';
import { readsOf } from './graph-reads.js';

export interface SegmentOptions {
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A part of a model in ONNX Runtime whose inputs are kept values: `keyOf` says under which name each is kept. */
export class Segment {
  /** Where inputs lie, by name: nothing of one run's is used in the next. */
  readonly #memory = new Map<string, ArrayBuffer>();

  private constructor(
    private readonly session: Session,
    private readonly store: ActivationStore,
    private readonly keyOf: (name: string) => string,
  ) {}

  /** Opens what computes the values called `outputs` of the main graph from values that are kept. */
  static async open(
    model: Model,
    outputs: readonly string[],
    store: ActivationStore,
    keyOf: (name: string) => string,
    options: SegmentOptions,
  ): Promise<Segment> {
    const isKept = (name: string) => store.has(keyOf(name));
    const part = partOf(model, outputs, isKept, (value) => store.typeOf(keyOf(value.name)));
    const { threads, signal } = options;
    const session = await Session.open(part, {
      // What the names of a part's ports look like says nothing about state.
      state: [],
      memoryPlan: false,
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    });
    return new Segment(session, store, keyOf);
  }

  /** Computes the outputs in one run of the samples. */
  async run(run: number): Promise<Outputs> {
    const feeds: Record<string, Tensor> = {};
    for (const { name } of this.session.inputs) {
      const tensor = this.store.get(this.keyOf(name), run, this.#memory.get(name));
      if (tensor.dtype !== 'string') this.#memory.set(name, tensor.bytes().buffer as ArrayBuffer);
      feeds[name] = tensor;
    }
    return this.session.run(feeds);
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

/** The part of a model that computes `outputs` from values of which `isKept` holds, constants included that it needs. */
export function partOf(
  model: Model,
  outputs: readonly string[],
  isKept: (name: string) => boolean,
  typeOf: (value: Value) => ValueType | undefined,
): Model {
  const { graph } = model;
  const wanted = outputs.map((name) => graph.value(name)!);
  const nodes = new Set<Node>();
  const open: Value[] = [...wanted];
  for (let value = open.pop(); value; value = open.pop()) {
    const { producer } = value;
    if (!producer || nodes.has(producer) || (isKept(value.name) && !wanted.includes(value))) continue;
    nodes.add(producer);
    open.push(...readsOf(producer));
  }
  return subModel(model, nodes, wanted, typeOf);
}
