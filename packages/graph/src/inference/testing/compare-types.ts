import type { DType } from '../../dtype.js';
import { type Dim, equalDims } from '../../ir/dim.js';
import type { ValueType } from '../../ir/value-type.js';

/** How what we know of a value stands to what another tool knows: `mixed` is more here and less there. */
export type Standing = 'equal' | 'more' | 'less' | 'mixed' | 'contradicts';

/** Names that a tool made up for sizes it does not know (`unk__3`), with the size of ours each stood for first. */
export type MadeUpNames = Map<string, Dim>;

/** onnx writes `unk__0`, symbolic_shape_infer names ending in `_d0` or `__d0`, for sizes they do not know. */
const isMadeUp = (dim: Dim): dim is object & Dim => typeof dim === 'object' && MADE_UP.test(dim.key);
const MADE_UP = /^unk__\d+$|_d\d+$|^None\d*$|^unknown/;

/** Compares our type with another tool's. A symbol the other made up says only that equal names are equal sizes. */
export function compareTypes(ours: ValueType | undefined, theirs: ValueType | undefined, names: MadeUpNames): Standing {
  if (!ours || !theirs) return ours ? 'more' : theirs ? 'less' : 'equal';
  if (ours.kind === 'opaque' || theirs.kind === 'opaque') return ours.kind === theirs.kind ? 'equal' : 'mixed';
  if (ours.kind !== theirs.kind) return 'contradicts';
  switch (ours.kind) {
    case 'tensor':
    case 'sparse-tensor': {
      const other = theirs as typeof ours;
      const shape = compareShapes(ours.shape, other.shape, names);
      return both(compareDTypes(ours.dtype, other.dtype), shape);
    }
    case 'sequence':
    case 'optional':
      return compareTypes(ours.element, (theirs as typeof ours).element, names);
    case 'map': {
      const other = theirs as typeof ours;
      return both(compareDTypes(ours.key, other.key), compareTypes(ours.value, other.value, names));
    }
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

function compareShapes(
  ours: readonly Dim[] | undefined,
  theirs: readonly Dim[] | undefined,
  names: MadeUpNames,
): Standing {
  if (!ours || !theirs) return ours ? 'more' : theirs ? 'less' : 'equal';
  if (ours.length !== theirs.length) return 'contradicts';
  return ours.map((dim, axis) => compareDims(dim, theirs[axis], names)).reduce(both, 'equal');
}

function compareDims(ours: Dim, theirs: Dim, names: MadeUpNames): Standing {
  if (equalDims(ours, theirs) || (ours === undefined && theirs === undefined)) return 'equal';
  if (isMadeUp(theirs)) return compareMadeUp(ours, String(theirs), names);
  if (ours === undefined) return 'less';
  if (theirs === undefined) return 'more';
  if (typeof ours === 'number' && typeof theirs === 'number') return 'contradicts';
  // A number for a symbol, or an expression for the name of an output.
  if (typeof ours === 'number') return 'more';
  return typeof theirs === 'number' ? 'less' : 'mixed';
}

function compareMadeUp(ours: Dim, name: string, names: MadeUpNames): Standing {
  const first = names.has(name) ? names.get(name) : ours;
  names.set(name, first);
  if (ours === undefined) return 'equal';
  return typeof ours === 'number' ? 'more' : equalDims(ours, first) ? 'equal' : 'mixed';
}
