import { type Graph, type Node, type TypeTable, type Value, type WeightView, weightsOf } from '@gossamer/graph';
import { refuseWeight } from './layer-matrix.js';

/** A norm that reads the stream and whose results reach layers alone: its scale and shift go into them. */
export interface StreamNorm {
  readonly node: Node;
  readonly readers: readonly WeightView[];
}

/** A constant in slot `slot`, its last axis that of the stream, which is added to the stream or shifts a norm inside it. */
export interface StreamConstant {
  readonly node: Node;
  readonly slot: number;
}

/** The values that a transformer's blocks add to, all of width `width`, and everything that writes and reads them. */
export interface ResidualStream {
  readonly width: number;
  /** Layers and embeddings whose results are added to it. */
  readonly writers: readonly WeightView[];
  readonly constants: readonly StreamConstant[];
  readonly norms: readonly StreamNorm[];
  /** Layers that read it without a norm. */
  readonly readers: readonly WeightView[];
}

/** Operators that leave the last axis as it is. */
const THROUGH: ReadonlySet<string> = new Set(['Identity', 'Dropout']);

/** Slot of the shift, undefined where the norm has none. */
const NORMS: ReadonlyMap<string, number | undefined> = new Map([
  ['LayerNormalization', 2],
  ['RMSNormalization', undefined],
  ['SimplifiedLayerNormalization', undefined],
]);

export interface StreamRefusal {
  readonly node: Node;
  readonly reason: string;
}

/** Residual streams of a graph: what its norms read, followed to all that makes and reads it; and the norms where something is in the way. */
export function findResidualStreams(
  graph: Graph,
  types: TypeTable,
): { streams: ResidualStream[]; refusals: StreamRefusal[] } {
  const streams: ResidualStream[] = [];
  const refusals: StreamRefusal[] = [];
  const seen = new Set<Value>();
  for (const node of graph.nodes()) {
    const value = node.input(0);
    if (!NORMS.has(node.kind) || !value || seen.has(value)) continue;
    const search = new StreamSearch(graph, types);
    const reason = search.from(value);
    for (const found of search.values) seen.add(found);
    if (reason) refusals.push({ node, reason });
    else streams.push(search.stream());
  }
  return { streams, refusals };
}

class StreamSearch {
  readonly values = new Set<Value>();
  readonly #writers: WeightView[] = [];
  readonly #constants: StreamConstant[] = [];
  readonly #norms: StreamNorm[] = [];
  readonly #readers: WeightView[] = [];
  readonly #producers = new Set<Node>();
  #width = 0;

  constructor(
    private readonly graph: Graph,
    private readonly types: TypeTable,
  ) {}

  /** Gathers the stream that `first` belongs to; the reason where it cannot be rotated. */
  from(first: Value): string | undefined {
    const pending = [first];
    const width = this.types.shapeOf(first)?.at(-1);
    if (typeof width !== 'number') return 'the width of its input is unknown';
    this.#width = width;
    for (let value = pending.pop(); value; value = pending.pop()) {
      if (this.values.has(value)) continue;
      this.values.add(value);
      const reason = this.#width === this.types.shapeOf(value)?.at(-1) ? this.#visit(value, pending) : 'widths differ';
      if (reason) return `${value.name}: ${reason}`;
    }
    return undefined;
  }

  stream(): ResidualStream {
    return {
      width: this.#width,
      writers: this.#writers,
      constants: this.#constants,
      norms: this.#norms,
      readers: this.#readers,
    };
  }

  #visit(value: Value, pending: Value[]): string | undefined {
    if (value.isOutput) return 'it is an output';
    if (!value.producer) return 'nothing in the model makes it';
    const made = this.#producers.has(value.producer) ? undefined : this.#write(value.producer, pending);
    if (made) return made;
    for (const { node, index } of value.uses) {
      if (node.graph !== this.graph) return `${node.id} reads it from a body`;
      const reason = this.#read(node, index, pending);
      if (reason) return `${node.id}: ${reason}`;
    }
    return undefined;
  }

  /** What makes a value of the stream: a sum, a layer, an embedding, or a norm inside it. */
  #write(node: Node, pending: Value[]): string | undefined {
    this.#producers.add(node);
    if (node.isStandard('Add')) {
      node.inputs.forEach((value, slot) => {
        if (value?.constant) this.#constants.push({ node, slot });
        else if (value) pending.push(value);
      });
      return undefined;
    }
    if (node.domain === '' && THROUGH.has(node.op)) {
      pending.push(node.input(0)!);
      return undefined;
    }
    if (NORMS.has(node.kind)) return this.#normInside(node, pending);
    const [view] = weightsOf(node).filter(({ role }) => role !== 'recurrent');
    if (!view || !(view.role === 'embedding' || isLayer(node))) return `${node.op} makes it`;
    const reason = view.role === 'embedding' ? refuseEmbedding(view) : refuseWeight(view);
    if (reason) return `${node.id}: ${reason}`;
    if (view.bias && !view.bias.constant) return `${node.id}: its bias is not constant`;
    this.#writers.push(view);
    if (view.bias) this.#constants.push({ node, slot: node.inputs.indexOf(view.bias) });
    return undefined;
  }

  /** A norm whose results are added to the stream (post-norm): only one scale for all channels commutes with a rotation. */
  #normInside(node: Node, pending: Value[]): string | undefined {
    const scale = node.input(1)?.constant?.toFloat32();
    if (!scale?.every((factor) => factor === scale[0])) {
      return `${node.id}: a norm with a scale of its own for each channel makes it`;
    }
    pending.push(node.input(0)!);
    const slot = NORMS.get(node.kind);
    if (slot !== undefined && node.input(slot)) {
      if (!node.input(slot)!.constant) return `${node.id}: its shift is not constant`;
      this.#constants.push({ node, slot });
    }
    return undefined;
  }

  #read(node: Node, index: number, pending: Value[]): string | undefined {
    if (node.isStandard('Add') || (node.domain === '' && THROUGH.has(node.op))) {
      pending.push(node.output);
      return undefined;
    }
    if (node.isStandard('Shape')) return undefined;
    if (NORMS.has(node.kind) && index === 0) return this.#readNorm(node, pending);
    const view = layerReader(node, index);
    if (typeof view === 'string') return view;
    if (!this.#readers.some((known) => known.node === node)) this.#readers.push(view);
    return undefined;
  }

  #readNorm(node: Node, pending: Value[]): string | undefined {
    if (this.#norms.some((known) => known.node === node) || this.#producers.has(node)) return undefined;
    const axis = node.int('axis', -1);
    const rank = this.types.shapeOf(node.input(0)!)?.length ?? 0;
    if ((axis + rank) % rank !== rank - 1) return 'it does not normalise the last axis';
    const constants = node.inputs.slice(1).filter((value) => value);
    if (constants.some((value) => value!.constant?.dtype !== 'float32')) return 'its scale or shift is not constant';
    if (node.outputs.slice(1).some((value) => value && (value.uses.length > 0 || value.isOutput))) {
      return 'its statistics are read';
    }
    const readers = node.output.isOutput ? [] : node.output.uses.map((use) => layerReader(use.node, use.index));
    const views = readers.filter((reader) => typeof reader !== 'string');
    // What is not read by layers alone is a part of the stream, or the end of it.
    if (views.length === readers.length && views.length > 0) this.#norms.push({ node, readers: views });
    else pending.push(node.output);
    return undefined;
  }
}

const isLayer = (node: Node): boolean => node.isStandard('MatMul') || node.isStandard('Gemm');

/** The weight of a product that sums over the last axis of input `index`; the reason where there is none. */
function layerReader(node: Node, index: number): WeightView | string {
  const view = weightsOf(node).find(({ inputIndex }) => inputIndex === 1);
  if (!view || index !== 0 || !isLayer(node) || node.int('transA', 0)) return `${node.op} reads it`;
  return refuseWeight(view) ?? (view.shape.length === 2 ? view : 'its weight has more than two axes');
}

function refuseEmbedding(view: WeightView): string | undefined {
  if (view.stored.dtype !== 'float32' || view.chain.length > 0)
    return 'its table is not stored in float32 as it is read';
  return view.consumers.length > 1 ? `its table ${view.source.name} has several readers` : undefined;
}
