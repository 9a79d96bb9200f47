import { computedTypes } from './computed-types.js';
import type { TypeTable } from '../inference/type-table.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { PassScope } from './pass-scope.js';

/** An operator that passes would have written, were the opset not below the one it is of. */
export interface BlockedFusion {
  readonly op: string;
  /** Version of the standard operator set that has it. */
  readonly opset: number;
  readonly count: number;
}

/** What a pass may ask while it runs. */
export class PassContext {
  readonly #warnings = new Set<string>();
  readonly #blocked = new Map<string, { opset: number; ids: Set<string> }>();
  #types: TypeTable | undefined;
  /** True while the opset may yet rise: a pass that stands in for a later operator waits. */
  mayRaise = false;

  constructor(
    private readonly model: Model,
    readonly signal: AbortSignal | undefined = undefined,
  ) {}

  /** Types, shapes and shape contents of all values as they were when the pass began, from the inputs alone (see computedTypes). */
  get types(): TypeTable {
    this.#types ??= computedTypes(this.model);
    return this.#types;
  }

  /** Every scope with what its nodes are read by: the main graph, its subgraphs, then function bodies and theirs. */
  *scopes(): IterableIterator<PassScope> {
    const { model } = this;
    for (const graph of model.graph.scopes()) yield new PassScope(graph, model.opsets, model.irVersion >= 4);
    for (const { body, opsets } of model.functions) {
      for (const graph of body.scopes()) yield new PassScope(graph, opsets, graph !== body);
    }
  }

  /** True when `scope` has `op`, an operator of the standard from `opset` on; otherwise `node` is counted as blocked. */
  hasOperator(scope: PassScope, op: string, opset: number, node: Node): boolean {
    if (scope.opset >= opset) return true;
    const entry = this.#blocked.get(op) ?? { opset, ids: new Set() };
    this.#blocked.set(op, entry);
    entry.ids.add(node.id);
    return false;
  }

  /** What hasOperator refused since the last call of `forgetBlocked`. */
  get blocked(): BlockedFusion[] {
    return Array.from(this.#blocked, ([op, { opset, ids }]) => ({ op, opset, count: ids.size }));
  }

  forgetBlocked(): void {
    this.#blocked.clear();
  }

  /** A warning for people, once. */
  warn(message: string): void {
    this.#warnings.add(message);
  }

  /** What was warned of, in order. */
  get warnings(): string[] {
    return [...this.#warnings];
  }

  /** Forgets what was inferred: the model has changed. */
  invalidate(): void {
    this.#types = undefined;
  }

  /** True for a call of a function that the model itself defines. */
  isCall({ domain, op, overload }: { domain: string; op: string; overload: string }): boolean {
    return this.model.function(domain, op, overload) !== undefined;
  }

  /** The body of the function a node calls, if the model defines it. */
  bodyOf({ domain, op, overload }: { domain: string; op: string; overload: string }): Graph | undefined {
    return this.model.function(domain, op, overload)?.body;
  }
}
