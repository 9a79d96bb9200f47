import type { Dim } from '../ir/dim.js';
import { broadcastShapes } from './dims.js';
import { MAX_DATA } from './constant-data.js';
import type { Data, DataArray } from './rule.js';

/** Product of numeric dimensions. */
export const countOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** Row-major element strides. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * dims[axis + 1]!;
  return strides;
}

/** Builds contents of shape `dims` by calling `element` with each index (reused between calls); undefined when too large to follow. */
export function fillData(dims: readonly number[], element: (index: readonly number[]) => Dim): Data | undefined {
  const count = countOf(dims);
  if (!(count <= MAX_DATA)) return undefined;
  const index = new Array<number>(dims.length).fill(0);
  const data: Dim[] = [];
  for (let i = 0; i < count; i++) {
    data.push(element(index));
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < dims[axis]!) break;
      index[axis] = 0;
    }
  }
  return data;
}

/** The element at `index`; negative or excess positions give unknown. */
export function elementAt({ dims, data }: DataArray, index: readonly number[]): Dim {
  let offset = 0;
  for (let axis = 0; axis < dims.length; axis++) {
    const position = index[axis]!;
    if (!(position >= 0 && position < dims[axis]!)) return undefined;
    offset = offset * dims[axis]! + position;
  }
  return data[offset];
}

/** Applies `combine` element by element under numpy broadcasting. */
export function combineData(
  operands: readonly (DataArray | undefined)[],
  combine: (...elements: Dim[]) => Dim,
): Data | undefined {
  const known: DataArray[] = [];
  for (const operand of operands) {
    if (!operand) return undefined;
    known.push(operand);
  }
  const dims = broadcastShapes(known.map((operand) => operand.dims));
  if (!dims) return undefined;
  return fillData(dims as number[], (index) => combine(...known.map((operand) => broadcastElement(operand, index))));
}

function broadcastElement(array: DataArray, index: readonly number[]): Dim {
  const offset = index.length - array.dims.length;
  return elementAt(
    array,
    array.dims.map((dim, axis) => (dim === 1 ? 0 : index[axis + offset]!)),
  );
}
