import { bindDim, type Dim, type DimBindings } from '../ir/dim.js';
import type { TensorType, ValueType } from '../ir/value-type.js';

/** `type` with every dimension replaced by `change(dim)`. */
export function mapDims(type: ValueType, change: (dim: Dim, axis: number) => Dim): ValueType {
  switch (type.kind) {
    case 'tensor':
    case 'sparse-tensor':
      return type.shape ? { ...type, shape: type.shape.map(change) } : type;
    case 'sequence':
    case 'optional':
      return type.element ? { ...type, element: mapDims(type.element, change) } : type;
    case 'map':
      return type.value ? { ...type, value: mapDims(type.value, change) } : type;
    case 'opaque':
      return type;
  }
}

/** `type` with the symbols of `bindings` replaced by their values. */
export function bindType(type: ValueType, bindings: DimBindings): ValueType {
  return mapDims(type, (dim) => bindDim(dim, bindings));
}

/** A dimension (or dtype) where the file contradicts what was computed. */
export type Conflict = string;

/**
 * What was computed, completed by what the file declares: an unknown dtype, rank or dimension takes the declared one. Where the two
 * contradict each other the computed one stays, and `conflicts` says so. A declared number does not replace a computed symbol: it
 * often is the size of the exporter's example.
 */
export function refineType(computed: ValueType | undefined, declared: ValueType, conflicts: Conflict[]): ValueType {
  if (!computed) return declared;
  if (computed.kind !== declared.kind) {
    if (computed.kind !== 'opaque' && declared.kind !== 'opaque') conflicts.push(describe(computed, declared));
    return computed;
  }
  switch (computed.kind) {
    case 'tensor':
    case 'sparse-tensor':
      return refineTensor(computed, declared as TensorType, conflicts);
    case 'sequence':
    case 'optional': {
      const { element } = declared as typeof computed;
      return element ? { ...computed, element: refineType(computed.element, element, conflicts) } : computed;
    }
    case 'map': {
      const other = declared as typeof computed;
      const value = other.value ? refineType(computed.value, other.value, conflicts) : computed.value;
      return { kind: 'map', key: computed.key ?? other.key, value };
    }
    case 'opaque':
      return computed;
  }
}

/** Where a declared type contradicts a known one. */
export function conflictsOf(known: ValueType, declared: ValueType): Conflict[] {
  const conflicts: Conflict[] = [];
  refineType(known, declared, conflicts);
  return conflicts;
}

function refineTensor(computed: TensorType, declared: TensorType, conflicts: Conflict[]): TensorType {
  const dtype = computed.dtype ?? declared.dtype;
  if (declared.dtype && dtype !== declared.dtype) conflicts.push(describe(computed, declared));
  if (!declared.shape) return { ...computed, dtype };
  if (!computed.shape) return { ...computed, dtype, shape: declared.shape };
  if (computed.shape.length !== declared.shape.length) {
    conflicts.push(describe(computed, declared));
    return { ...computed, dtype };
  }
  const shape = computed.shape.map((dim, axis) => dim ?? declared.shape![axis]);
  const contradicts = shape.some((dim, axis) => {
    const other = declared.shape![axis];
    return typeof dim === 'number' && typeof other === 'number' && dim !== other;
  });
  if (contradicts) conflicts.push(describe(computed, declared));
  return { ...computed, dtype, shape };
}

const describe = (computed: ValueType, declared: ValueType): Conflict =>
  `declared ${spellType(declared)}, computed ${spellType(computed)}`;

/** A type as people read it: `float32[n,3,224,224]`, `sequence(int64[?])`; unknown parts are `?`. */
export function spellType(type: ValueType | undefined): string {
  if (!type) return '?';
  switch (type.kind) {
    case 'tensor':
    case 'sparse-tensor': {
      const dims = type.shape
        ? `[${type.shape.map((dim) => (dim === undefined ? '?' : String(dim))).join(',')}]`
        : '[...]';
      return `${type.kind === 'tensor' ? '' : 'sparse '}${type.dtype ?? '?'}${dims}`;
    }
    case 'sequence':
    case 'optional':
      return `${type.kind}(${spellType(type.element)})`;
    case 'map':
      return `map(${type.key ?? '?'}, ${spellType(type.value)})`;
    case 'opaque':
      return 'opaque';
  }
}
