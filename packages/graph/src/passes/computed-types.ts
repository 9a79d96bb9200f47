import { mapDims } from '../inference/declared.js';
import { inferTypes } from '../inference/infer-types.js';
import { TypeTable } from '../inference/type-table.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';

/**
 * Types as they follow from the graph's inputs alone. Sizes that the file declares for other values are not believed, for they are often
 * stale: a batch size edited at the input leaves the old one everywhere else. Their dtypes and ranks are, where nothing is computed.
 *
 * The table answers for the values of `model` as it is now; values made later are unknown.
 */
export function computedTypes(model: Model): TypeTable {
  const clone = model.clone();
  const twins = new Map<Value, Value>();
  pairValues([...model.scopes()], [...clone.scopes()], twins);
  const contract = new Set(clone.graph.inputs);
  for (const graph of clone.scopes()) {
    for (const value of graph.values()) {
      if (value.type && !contract.has(value))
        graph.setType(
          value,
          mapDims(value.type, () => undefined),
        );
    }
  }
  const table = inferTypes(clone);
  const lookup = (value: Value) => {
    const twin = twins.get(value);
    return twin && { type: table.typeOf(twin), data: table.dataOf(twin) };
  };
  return new TypeTable(lookup, table.warnings, table.bindings);
}

function pairValues(scopes: readonly Graph[], copies: readonly Graph[], twins: Map<Value, Value>): void {
  scopes.forEach((scope, index) => {
    for (const value of scope.values()) {
      const twin = copies[index]?.value(value.name);
      if (twin) twins.set(value, twin);
    }
  });
}
