import { hasRule } from '../inference/registry.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { PassContext } from './pass-context.js';

/** Knows which nodes do nothing but make their outputs: known operators, their bodies and the functions they call included. */
export class Purity {
  readonly #bodies = new Map<Graph, boolean>();

  constructor(private readonly context: PassContext) {}

  /** False for a node of an unknown operator, or with one inside: it may have effects. */
  isPure(node: Node): boolean {
    const body = this.context.bodyOf(node);
    if (body) return this.#isPureBody(body);
    return hasRule(node.op, node.domain) && node.subgraphs().every((graph) => this.#isPureBody(graph));
  }

  #isPureBody(graph: Graph): boolean {
    const known = this.#bodies.get(graph);
    if (known !== undefined) return known;
    // A function that calls itself is not a function: what asks again meanwhile hears no.
    this.#bodies.set(graph, false);
    const isPure = [...graph.nodes()].every((node) => this.isPure(node));
    this.#bodies.set(graph, isPure);
    return isPure;
  }
}
