import { computedTypes } from './computed-types.js';
import type { TypeTable } from '../inference/type-table.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import { PassScope } from './pass-scope.js';

/** What a pass may ask while it runs. */
export class PassContext {
  readonly #warnings = new Set<string>();
  #types: TypeTable | undefined;

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
