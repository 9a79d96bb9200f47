import type { Graph } from '../../ir/graph.js';
import type { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { annotatedValues } from '../annotated-values.js';
import { definePass } from '../pass.js';

/**
 * Merges initializers with equal dtype, dims and bytes, in one scope or with an enclosing one: readers read the first. Inputs and outputs
 * stay. Only for a model that is about to be written: later edits of one of the merged weights are edits of both.
 *
 * Hashes only tensors that share dtype, dims and byte length with another one. O(bytes of those).
 */
export const deduplicateInitializers = definePass({
  name: 'deduplicate-initializers',
  exactness: 'exact',

  run(model) {
    const isAnnotated = annotatedValues(model);
    const isMergeable = (value: Value) => !value.isInput && !value.isOutput && !isAnnotated(value);
    const run = new Deduplication(model.graph, isMergeable);
    let changes = run.merge(model.graph);
    for (const { body } of model.functions) changes += new Deduplication(body, isMergeable).merge(body);
    return { changes };
  },
});

const formOf = ({ dtype, dims, byteLength }: Tensor): string => `${dtype}[${dims.join(',')}] ${byteLength}`;

class Deduplication {
  readonly #formCounts = new Map<string, number>();

  constructor(
    root: Graph,
    private readonly isMergeable: (value: Value) => boolean,
  ) {
    for (const scope of root.scopes()) {
      for (const { initializer } of scope.initializers()) {
        if (!initializer) continue;
        const form = formOf(initializer);
        this.#formCounts.set(form, (this.#formCounts.get(form) ?? 0) + 1);
      }
    }
  }

  /** Merges in `graph` and below; `outer` holds the first of each content in the scopes around. */
  merge(graph: Graph, outer: ReadonlyMap<string, Value> = new Map()): number {
    const firsts = new Map(outer);
    let changes = 0;
    for (const value of [...graph.initializers()]) {
      const tensor = value.initializer;
      if (!tensor || !this.isMergeable(value) || this.#formCounts.get(formOf(tensor)) === 1) continue;
      const first = firsts.get(tensor.hash());
      if (!first) {
        firsts.set(tensor.hash(), value);
        continue;
      }
      graph.replaceUses(value, first);
      graph.removeValue(value);
      changes++;
    }
    for (const node of graph.nodes()) for (const body of node.subgraphs()) changes += this.merge(body, firsts);
    return changes;
  }
}
