import { isGossamerError } from '../errors.js';
import { bindDim, type Dim } from '../ir/dim.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { MAC_COUNTERS } from './mac-counters.js';
import type { TypeTable } from './type-table.js';

/** What one layer costs. */
export interface LayerMacs {
  /** Operator, as `Node.kind`. */
  readonly op: string;
  /** Multiply-accumulates of one call of the layer with its symbols kept; undefined when a shape is not known. */
  readonly symbolic: Dim;
  /** The same with unbound symbols taken as 1; undefined also when the model cannot run at that size. */
  readonly macs: number | undefined;
}

/** What a model costs. */
export interface MacCount {
  /** Multiply-accumulates of one run, unbound symbols taken as 1; undefined when some layer's are not known. */
  readonly total: number | undefined;
  /** The sum over the layers that are known: `total`, or less than the truth. */
  readonly known: number;
  /** Every layer that multiplies, by layer id, in graph order. */
  readonly perLayer: ReadonlyMap<string, LayerMacs>;
  /** Symbols that were taken as 1, sorted: what to bind for a count at a real size. */
  readonly assumedOne: readonly string[];
  /** Ids of the layers whose count is not known. */
  readonly unknown: readonly string[];
}

/**
 * Counts multiply-accumulates of convolutions, matrix products and recurrent layers, quantized forms included. Of an If the branch
 * taken counts, or the larger one where that is open; a Loop body as often as it is known to run, else once; a Scan body once a
 * step; the body of a model-local function at each call (ids `call id/layer id`), with the shapes all its calls share.
 */
export function countMacs(model: Model, types: TypeTable): MacCount {
  const counting = new Counting(model, types);
  const { known, unknown } = counting.scope(model.graph, '', 0);
  const { perLayer, symbols } = counting;
  return { total: unknown.length > 0 ? undefined : known, known, perLayer, assumedOne: [...symbols].sort(), unknown };
}

/** What a part of the model needs: the sum of what is known, and the layers that are not. */
interface Part {
  readonly known: number;
  readonly unknown: readonly string[];
}

const NOTHING: Part = { known: 0, unknown: [] };

/** Functions that call functions, and nodes counted in all: beyond that a file is hostile, and the rest unknown. */
const MAX_DEPTH = 16;
const MAX_NODES = 1_000_000;

class Counting {
  readonly perLayer = new Map<string, LayerMacs>();
  readonly symbols = new Set<string>();
  #nodes = 0;

  constructor(
    private readonly model: Model,
    private readonly types: TypeTable,
  ) {}

  scope(graph: Graph, prefix: string, depth: number): Part {
    let known = 0;
    const unknown: string[] = [];
    for (const node of graph.nodes()) {
      const part = this.part(node, prefix, depth);
      known += part.known;
      for (const id of part.unknown) unknown.push(id);
    }
    return { known, unknown };
  }

  private part(node: Node, prefix: string, depth: number): Part {
    const id = prefix + node.id;
    const definition = this.model.function(node.domain, node.op, node.overload);
    const beyond = definition && depth >= MAX_DEPTH;
    if (beyond || ++this.#nodes > MAX_NODES) return { known: 0, unknown: [id] };
    try {
      if (definition) return this.scope(definition.body, `${id}/`, depth + 1);
      // Not by a plain look-up: an operator may be called `constructor`.
      return Object.hasOwn(MAC_COUNTERS, node.kind) ? this.layer(node, id) : this.bodies(node, prefix, depth);
    } catch (error) {
      // A broken attribute, which inference has warned of.
      if (isGossamerError(error)) return { known: 0, unknown: [id] };
      throw error;
    }
  }

  private layer(node: Node, id: string): Part {
    const symbolic = MAC_COUNTERS[node.kind]!(node, (value) => value && this.types.shapeOf(value));
    const macs = this.runs(node) ? this.withOnes(symbolic) : undefined;
    this.perLayer.set(id, { op: node.kind, symbolic, macs });
    return macs === undefined ? { known: 0, unknown: [id] } : { known: macs, unknown: [] };
  }

  private bodies(node: Node, prefix: string, depth: number): Part {
    const graphs = node.subgraphs();
    const [first = NOTHING, second = NOTHING] = graphs.map((graph) => this.scope(graph, prefix, depth));
    if (!node.isStandard('If')) return { ...first, known: first.known * (this.repetitions(node) ?? 1) };
    const condition = this.dataOf(node, 0);
    if (typeof condition === 'number') {
      return graphs[0] === node.subgraph(condition === 0 ? 'else_branch' : 'then_branch') ? first : second;
    }
    return { known: Math.max(first.known, second.known), unknown: [...first.unknown, ...second.unknown] };
  }

  /** How often a body runs, where known. */
  private repetitions(node: Node): number | undefined {
    if (node.isStandard('Loop')) return this.withOnes(this.dataOf(node, 0));
    if (!node.isStandard('Scan')) return undefined;
    const scanned = node.inputs[node.inputs.length - node.int('num_scan_inputs', 1)];
    return this.withOnes(scanned && this.types.shapeOf(scanned)?.[node.ints('scan_input_axes', [0])[0] ?? 0]);
  }

  private dataOf(node: Node, input: number): Dim {
    const value = node.inputs[input];
    return value && this.types.dataOf(value)?.[0];
  }

  /** False when a size of the layer's tensors vanishes with every symbol 1: the model needs more than that. */
  private runs(node: Node): boolean {
    return [...node.inputs, ...node.outputs].every(
      (value) =>
        (value && this.types.shapeOf(value))?.every(
          (dim) => typeof dim !== 'object' || (this.withOnes(dim) ?? 1) > 0,
        ) ?? true,
    );
  }

  /** The number an expression has with every symbol 1. */
  private withOnes(dim: Dim): number | undefined {
    if (dim === undefined || typeof dim === 'number') return dim;
    const bound = bindDim(dim, onesFor(this.symbols));
    return typeof bound === 'number' ? bound : undefined;
  }
}

/** Bindings that give 1 for every symbol and note its name. */
function onesFor(symbols: Set<string>): Readonly<Record<string, number>> {
  return new Proxy<Record<string, number>>(
    {},
    {
      get: (_, name) => {
        symbols.add(String(name));
        return 1;
      },
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: 1 }),
    },
  );
}
