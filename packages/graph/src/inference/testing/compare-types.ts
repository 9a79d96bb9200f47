import type { DType } from '../../dtype.js';
import { bindDim, type Dim, equalDims } from '../../ir/dim.js';
import type { Model } from '../../ir/model.js';
import type { Value } from '../../ir/value.js';
import type { ValueType } from '../../ir/value-type.js';
import { evaluateSympy } from './sympy-expression.js';

/** How what we know of a value stands to what another tool knows: `mixed` is more here and less there. */
export type Standing = 'equal' | 'more' | 'less' | 'mixed' | 'contradicts';

/** Sizes at which expressions are compared: large and different; the last two divide by all strides, as nets that join branches need it. */
const SAMPLES: readonly ((index: number) => number)[] = [
  (index) => 12_401 + 640 * index,
  (index) => 99_990 + 1009 * index,
  (index) => 12_800 * (index + 1),
  (index) => 12_800 * (3 * index + 5),
];

/**
 * Compares our types of one model with another tool's. A name that is not among `symbols` is one the tool made up (or an output declares):
 * it says only that equal names are equal sizes. Expressions are compared at four sets of sizes; one that is right only where sizes divide by
 * the strides (symbolic_shape_infer merges what must be equal for the model to run) is `mixed`.
 */
export class TypeComparison {
  /** Made-up names with the size of ours that each stood for first. */
  readonly #names = new Map<string, Dim>();
  readonly #sizes: readonly ReadonlyMap<string, number>[];

  constructor(symbols: readonly string[]) {
    this.#sizes = SAMPLES.map((size) => new Map(symbols.map((name, index) => [name, size(index)])));
  }

  compare(ours: ValueType | undefined, theirs: ValueType | undefined): Standing {
    if (!ours || !theirs) return ours ? 'more' : theirs ? 'less' : 'equal';
    if (ours.kind === 'opaque' || theirs.kind === 'opaque') return ours.kind === theirs.kind ? 'equal' : 'mixed';
    if (ours.kind !== theirs.kind) return 'contradicts';
    switch (ours.kind) {
      case 'tensor':
      case 'sparse-tensor': {
        const other = theirs as typeof ours;
        return both(compareDTypes(ours.dtype, other.dtype), this.#compareShapes(ours.shape, other.shape));
      }
      case 'sequence':
      case 'optional':
        return this.compare(ours.element, (theirs as typeof ours).element);
      case 'map': {
        const other = theirs as typeof ours;
        return both(compareDTypes(ours.key, other.key), this.compare(ours.value, other.value));
      }
    }
  }

  #compareShapes(ours: readonly Dim[] | undefined, theirs: readonly Dim[] | undefined): Standing {
    if (!ours || !theirs) return ours ? 'more' : theirs ? 'less' : 'equal';
    if (ours.length !== theirs.length) return 'contradicts';
    return ours.map((dim, axis) => this.#compareDims(dim, theirs[axis])).reduce(both, 'equal');
  }

  #compareDims(ours: Dim, theirs: Dim): Standing {
    if (equalDims(ours, theirs) || (ours === undefined && theirs === undefined)) return 'equal';
    if (theirs === undefined) return 'more';
    if (typeof theirs === 'number') return ours === undefined || typeof ours === 'object' ? 'less' : 'contradicts';
    const values = this.#sizes.map((sizes) => evaluateSympy(theirs.key, sizes));
    if (values.includes(undefined)) return this.#compareMadeUp(ours, theirs.key);
    if (ours === undefined) return 'less';
    const own = this.#sizes.map((sizes) => bindDim(ours, Object.fromEntries(sizes)));
    if (own.some((size) => typeof size !== 'number')) return 'mixed';
    // A name alone, where we have an expression, is right for some sizes.
    if (this.#sizes[0]?.has(theirs.key)) return typeof ours === 'number' ? 'more' : 'mixed';
    const agrees = own.map((size, index) => size === values[index]);
    if (!agrees.includes(false)) return 'equal';
    return agrees.slice(2).includes(false) ? 'contradicts' : 'mixed';
  }

  #compareMadeUp(ours: Dim, name: string): Standing {
    const first = this.#names.has(name) ? this.#names.get(name) : ours;
    this.#names.set(name, first);
    if (ours === undefined) return 'equal';
    return equalDims(ours, first) ? (typeof ours === 'number' ? 'more' : 'equal') : 'mixed';
  }
}

function both(a: Standing, b: Standing): Standing {
  if (a === 'contradicts' || b === 'contradicts') return 'contradicts';
  if (a === b || b === 'equal') return a;
  return a === 'equal' ? b : 'mixed';
}

function compareDTypes(ours: DType | undefined, theirs: DType | undefined): Standing {
  if (ours === theirs) return 'equal';
  return ours && theirs ? 'contradicts' : ours ? 'more' : 'less';
}

/** Names of sizes in the declared types of values. */
export function declaredSymbols(values: Iterable<Value>): string[] {
  const names = new Set<string>();
  for (const { type } of values) {
    if (type?.kind !== 'tensor') continue;
    for (const dim of type.shape ?? []) if (typeof dim === 'object') names.add(dim.key);
  }
  return [...names];
}

/** The values that a graph of the model makes, by path and name: those of subgraphs as `node/attribute/name`. */
export function valuesByPath(model: Model): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const scope of model.graph.scopes()) {
    for (const value of scope.values()) values.set(`${scope.path}${value.name}`, value);
  }
  return values;
}
