import { type Dim, equalDims } from '../ir/dim.js';
import type { TensorType, ValueType } from '../ir/value-type.js';
import type { Data, ValueInfo } from './rule.js';

/** What holds whichever of two branches, iterations or calls made the value: what differs becomes unknown. */
export function mergeInfos(a: ValueInfo, b: ValueInfo): ValueInfo {
  const data = mergeData(a.data, b.data);
  const type = mergeTypes(a.type, b.type);
  return data && type?.kind === 'tensor' && type.shape?.every(isNumber) ? { type, data } : { type };
}

const isNumber = (dim: Dim): boolean => typeof dim === 'number';

const mergeDims = (a: Dim, b: Dim): Dim => (equalDims(a, b) ? a : undefined);

/** The type both types are cases of. */
export function mergeTypes(a: ValueType | undefined, b: ValueType | undefined): ValueType | undefined {
  if (!a || !b || a.kind !== b.kind) return undefined;
  switch (a.kind) {
    case 'tensor':
    case 'sparse-tensor':
      return mergeTensors(a, b as TensorType);
    case 'sequence':
    case 'optional':
      return { kind: a.kind, element: mergeTypes(a.element, (b as typeof a).element) };
    case 'map': {
      const other = b as typeof a;
      return { kind: 'map', key: a.key === other.key ? a.key : undefined, value: mergeTypes(a.value, other.value) };
    }
    case 'opaque':
      return a;
  }
}

function mergeTensors(a: TensorType, b: TensorType): TensorType {
  const dtype = a.dtype === b.dtype ? a.dtype : undefined;
  const { shape } = a;
  if (!shape || shape.length !== b.shape?.length) return { kind: a.kind, dtype, shape: undefined };
  return { kind: a.kind, dtype, shape: shape.map((dim, axis) => mergeDims(dim, b.shape![axis])) };
}

function mergeData(a: Data | undefined, b: Data | undefined): Data | undefined {
  if (!a || a.length !== b?.length) return undefined;
  const merged = a.map((element, index) => mergeDims(element, b[index]));
  return merged.some((element) => element !== undefined) ? merged : undefined;
}

/** True when both say exactly the same. */
export function sameInfo(a: ValueInfo, b: ValueInfo): boolean {
  return sameType(a.type, b.type) && sameDims(a.data, b.data);
}

function sameType(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (!a || !b || a.kind !== b.kind) return a === b;
  switch (a.kind) {
    case 'tensor':
    case 'sparse-tensor': {
      const other = b as TensorType;
      return a.dtype === other.dtype && sameDims(a.shape, other.shape);
    }
    case 'sequence':
    case 'optional':
      return sameType(a.element, (b as typeof a).element);
    case 'map':
      return a.key === (b as typeof a).key && sameType(a.value, (b as typeof a).value);
    case 'opaque':
      return true;
  }
}

function sameDims(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  if (!a || !b) return a === b;
  return a.length === b.length && a.every((dim, axis) => dim === b[axis] || equalDims(dim, b[axis]));
}
