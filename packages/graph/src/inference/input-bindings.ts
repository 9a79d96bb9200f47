import { bindDim, type Dim, type DimBindings } from '../ir/dim.js';
import type { Value } from '../ir/value.js';
import type { ValueType } from '../ir/value-type.js';

/**
 * Symbols that the given input types make concrete, beside `bind`: a declared [n,3] given as [8,3] binds n to 8. `trustNumbers` is
 * false when a given type contradicts a declared number: then numbers in value_info may be stale.
 */
export function bindingsFrom(
  declared: ReadonlyMap<Value, ValueType | undefined>,
  given: Readonly<Record<string, ValueType>>,
  bind: DimBindings,
): { bindings: DimBindings; trustNumbers: boolean } {
  const bindings: Record<string, number> = { ...bind };
  let trustNumbers = true;
  for (const [value, type] of declared) {
    const other = Object.hasOwn(given, value.name) ? given[value.name] : undefined;
    if (!other || !type || !('shape' in type) || !('shape' in other)) continue;
    other.shape?.forEach((dim, axis) => {
      const own = type.shape?.[axis];
      const name = symbolName(own);
      if (name !== undefined && typeof dim === 'number' && !Object.hasOwn(bindings, name)) bindings[name] = dim;
      if (typeof own === 'number' && own !== dim) trustNumbers = false;
    });
  }
  return { bindings, trustNumbers };
}

/** The name of a dimension that is a bare symbol. */
function symbolName(dim: Dim): string | undefined {
  if (typeof dim !== 'object') return undefined;
  return bindDim(dim, { [dim.key]: 1 }) === 1 ? dim.key : undefined;
}
