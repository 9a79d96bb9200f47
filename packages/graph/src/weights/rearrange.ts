import type { Node } from '../ir/node.js';
import { elementCount } from '../ir/tensor.js';

/** Row-major elements: weights, positions of weights, or bytes. */
export type DenseArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** Where an operator that only moves elements puts them. */
export interface Layout {
  readonly shape: readonly number[];
  move<T extends DenseArray>(data: T): T;
}

const ARRAYS = [Float32Array, Float64Array, Int32Array, Uint8Array] as const;

const emptyLike = <T extends DenseArray>(data: T, length: number): T => {
  const Type = ARRAYS.find((type) => data instanceof type)!;
  return new Type(length) as T;
};

/** A row-major copy with axes in `order`: axis i of the result is axis order[i] of the input. */
export function permute<T extends DenseArray>(data: T, shape: readonly number[], order: readonly number[]): T {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  return gatherStrided(
    data,
    0,
    order.map((axis) => shape[axis]!),
    order.map((axis) => strides[axis]!),
  );
}

/** Reads the elements at offset + sum(index * step) in row-major order of `dims`. */
function gatherStrided<T extends DenseArray>(
  data: T,
  offset: number,
  dims: readonly number[],
  steps: readonly number[],
): T {
  const out = emptyLike(data, elementCount(dims));
  const index = dims.map(() => 0);
  let from = offset;
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      from -= steps[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** Slice with constant bounds (attributes before opset 10, inputs since); undefined when a bound is computed. */
export function slice(node: Node, shape: readonly number[]): Layout | undefined {
  const operand = (index: number, name: string) => (node.inputs.length > 1 ? boundsOf(node, index) : node.bounds(name));
  const starts = operand(1, 'starts');
  const ends = operand(2, 'ends');
  if (!starts || !ends) return undefined;
  const axes = operand(3, 'axes') ?? starts.map((_, axis) => axis);
  const strideOf = operand(4, 'steps') ?? starts.map(() => 1);
  const dims = [...shape];
  const steps = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  let offset = 0;
  axes.forEach((given, i) => {
    const axis = given < 0 ? given + shape.length : given;
    const dim = shape[axis]!;
    const step = strideOf[i]!;
    const bound = (value: number, low: number, high: number) =>
      Math.min(Math.max(value < 0 ? value + dim : value, low), high);
    const start = step > 0 ? bound(starts[i]!, 0, dim) : bound(starts[i]!, 0, dim - 1);
    const end = step > 0 ? bound(ends[i]!, 0, dim) : bound(ends[i]!, -1, dim - 1);
    dims[axis] = Math.max(0, Math.ceil((end - start) / step));
    offset += start * steps[axis]!;
    steps[axis] = steps[axis]! * step;
  });
  return { shape: dims, move: (data) => gatherStrided(data, offset, dims, steps) };
}

/** Slice bounds of an input: INT64_MAX and the like mean "to the end" and lose nothing as doubles. */
function boundsOf(node: Node, index: number): number[] | undefined {
  const tensor = node.input(index)?.constant;
  return tensor && Array.from(tensor.toFloat64());
}

/** Concatenates row-major arrays along `axis`. */
export function concatenate<T extends DenseArray>(
  parts: readonly T[],
  shapes: readonly (readonly number[])[],
  axis: number,
): T {
  const out = emptyLike(
    parts[0]!,
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  const outer = elementCount(shapes[0]!.slice(0, axis));
  let to = 0;
  for (let row = 0; row < outer; row++) {
    parts.forEach((part, i) => {
      const run = elementCount(shapes[i]!.slice(axis));
      out.set(part.subarray(row * run, (row + 1) * run), to);
      to += run;
    });
  }
  return out;
}
