import { bindDim, type Dim } from '../ir/dim.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { MAC_COUNTERS } from './mac-counters.js';
import type { TypeTable } from './type-table.js';

export interface LayerMacs {
  /** Operator, as `Node.kind`. */
  readonly op: string;
  /** Multiply-accumulates of one call of the layer with its symbols kept; undefined when a shape is not known. */
  readonly symbolic: Dim;
  /** The same with unbound symbols taken as 1; undefined also when the model cannot run at that size. */
  readonly macs: number | undefined;
}

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
 * Counts multiply-accumulates of convolutions, matrix products and recurrent layers, quantized forms included; function bodies are
 * not counted. Of an If the branch taken counts, or the larger one where that is open; a Loop body counts as often as it is known to run, else
 * once; a Scan body once a step.
 */
export function countMacs(model: Model, types: TypeTable): MacCount {
  const counting = new Counting(types);
  const known = counting.scope(model.graph);
  const { perLayer, symbols, unknown } = counting;
  return { total: unknown.length > 0 ? undefined : known, known, perLayer, assumedOne: [...symbols].sort(), unknown };
}

class Counting {
  readonly perLayer = new Map<string, LayerMacs>();
  readonly symbols = new Set<string>();
  readonly unknown: string[] = [];

  constructor(private readonly types: TypeTable) {}

  scope(graph: Graph): number {
    let sum = 0;
    for (const node of graph.nodes()) sum += this.layer(node) + this.bodies(node);
    return sum;
  }

  private layer(node: Node): number {
    const counter = MAC_COUNTERS[node.kind];
    if (!counter) return 0;
    const symbolic = counter(node, (value) => value && this.types.shapeOf(value));
    const macs = this.runs(node) ? this.withOnes(symbolic) : undefined;
    this.perLayer.set(node.id, { op: node.kind, symbolic, macs });
    if (macs === undefined) this.unknown.push(node.id);
    return macs ?? 0;
  }

  private bodies(node: Node): number {
    const [first, second] = node.subgraphs().map((graph) => this.scope(graph));
    if (first === undefined) return 0;
    if (node.isStandard('If')) {
      const condition = this.dataOf(node, 0);
      if (condition === undefined) return Math.max(first, second ?? 0);
      const taken =
        node.subgraphs()[0] === node.subgraph(condition === 0 ? 'else_branch' : 'then_branch') ? first : second;
      return taken ?? 0;
    }
    return first * (this.repetitions(node) ?? 1);
  }

  /** How often a body runs, where known. */
  private repetitions(node: Node): number | undefined {
    if (node.isStandard('Loop')) return this.withOnes(this.dataOf(node, 0));
    const scanned = node.isStandard('Scan')
      ? node.inputs[node.inputs.length - node.int('num_scan_inputs', 1)]
      : undefined;
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
