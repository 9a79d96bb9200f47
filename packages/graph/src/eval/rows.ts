import type { DType } from '../dtype.js';
import { elementCount } from '../ir/tensor.js';
import { toDoubles } from './elementwise.js';
import type { EvalTensor, NumberData } from './eval-value.js';
import type { KernelCall } from './kernel.js';
import { stridesOf, viewOffsets } from './strided.js';

/** A tensor seen as rows: `starts[r] + inside[i]` is the offset of element i of row r. */
export interface Rows {
  readonly starts: Int32Array;
  readonly inside: Int32Array;
}

/** Rows along `axes` (in order of axis); everything else counts rows. */
export function rowsAlong(dims: readonly number[], axes: readonly number[]): Rows {
  const strides = stridesOf(dims);
  const pick = (chosen: readonly number[]) =>
    viewOffsets(
      chosen.map((axis) => dims[axis]!),
      chosen.map((axis) => strides[axis]!),
    );
  const all = dims.map((_, axis) => axis);
  return {
    starts: pick(all.filter((axis) => !axes.includes(axis))),
    inside: pick(all.filter((axis) => axes.includes(axis))),
  };
}

/** Reduces each row to one number; the result has `dims` and as many elements as there are rows. */
export function reduceRows(
  call: KernelCall,
  x: EvalTensor,
  axes: readonly number[],
  dtype: DType,
  dims: readonly number[],
  reduce: (row: Float64Array) => number,
): EvalTensor {
  const { starts, inside } = rowsAlong(x.dims, axes);
  const from = toDoubles(call, x);
  const row = new Float64Array(inside.length);
  const results = new Float64Array(elementCount(dims));
  for (let r = 0; r < results.length; r++) {
    for (let i = 0; i < row.length; i++) row[i] = from[starts[r]! + inside[i]!]!;
    results[r] = reduce(row);
  }
  return call.result(dtype, dims, results);
}

/** Rewrites each row in place of a copy (`row` is edited by `map`); the result has the shape and dtype of `x`. */
export function mapRows(
  call: KernelCall,
  x: EvalTensor,
  axes: readonly number[],
  map: (row: Float64Array, index: number) => void,
): EvalTensor {
  const { starts, inside } = rowsAlong(x.dims, axes);
  const target = call.allocate(x.dtype, x.dims);
  const [from, to] = [call.asNumbers(x), target.data as NumberData];
  const row = new Float64Array(inside.length);
  for (let r = 0; r < starts.length; r++) {
    const start = starts[r]!;
    for (let i = 0; i < row.length; i++) row[i] = from[start + inside[i]!]!;
    map(row, r);
    for (let i = 0; i < row.length; i++) to[start + inside[i]!] = row[i]!;
  }
  return target;
}

/** Sum, in order, in double. */
export function sumOf(row: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i]!;
  return sum;
}
