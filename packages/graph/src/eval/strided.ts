import { GossamerError } from '../errors.js';
import { elementCount } from '../ir/tensor.js';
import type { EvalTensor } from './eval-value.js';
import type { KernelCall } from './kernel.js';

/** Row-major strides in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= dims[axis]!;
  }
  return strides;
}

/** Source offsets of every element of a strided view, in row-major order of `dims`. */
export function viewOffsets(dims: readonly number[], strides: readonly number[], start = 0): Int32Array {
  const length = elementCount(dims);
  const offsets = new Int32Array(length);
  const index = new Array<number>(dims.length).fill(0);
  let offset = start;
  for (let i = 0; i < length; i++) {
    offsets[i] = offset;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      offset += strides[axis]!;
      if (index[axis]! < dims[axis]!) break;
      offset -= strides[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
  return offsets;
}

/** The shape two or more shapes broadcast to (numpy rules); throws ERR_EVAL_SHAPE. */
export function broadcastDims(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let dim = 1;
    for (const shape of shapes) {
      const own = shape[axis - (rank - shape.length)] ?? 1;
      if (own === 1 || own === dim) continue;
      if (dim !== 1) {
        throw new GossamerError(
          'ERR_EVAL_SHAPE',
          `shapes: expected shapes that broadcast, received ${shapes.map((s) => `[${s.join(',')}]`).join(' and ')}`,
        );
      }
      dim = own;
    }
    return dim;
  });
}

/** Strides that read a tensor of shape `dims` as if it had shape `target`: 0 along repeated axes. */
export function broadcastStrides(dims: readonly number[], target: readonly number[]): number[] {
  const strides = stridesOf(dims);
  const lead = target.length - dims.length;
  return target.map((_, axis) => (axis < lead || dims[axis - lead] === 1 ? 0 : strides[axis - lead]!));
}

/** Offsets that broadcast `dims` to `target`; undefined when they are the identity. */
export function broadcastOffsets(dims: readonly number[], target: readonly number[]): Int32Array | undefined {
  if (elementCount(dims) === elementCount(target)) return undefined;
  return viewOffsets(target, broadcastStrides(dims, target));
}

/** A tensor of `dims` whose element i is `source[offsets[i]]`, or `fill`'s element 0 (0 without it) where the offset is -1. */
export function take(
  call: KernelCall,
  source: EvalTensor,
  dims: readonly number[],
  offsets: ArrayLike<number>,
  fill?: EvalTensor,
): EvalTensor {
  const target = call.allocate(source.dtype, dims);
  // Source and target data are of the same kind, as their dtype is; the compiler cannot see that.
  const from = source.data as unknown as Record<number, number>;
  const to = target.data as unknown as Record<number, number>;
  const filler = fill?.data[0] as number | undefined;
  for (let i = 0; i < offsets.length; i++) {
    const offset = offsets[i]!;
    if (offset >= 0) to[i] = from[offset]!;
    else if (filler !== undefined) to[i] = filler;
  }
  return target;
}

/** The same data under other dims. */
export function reshape(source: EvalTensor, dims: readonly number[]): EvalTensor {
  return { ...source, dims };
}

/** Axes permuted: axis i of the result is axis `order[i]` of the source. */
export function permute(call: KernelCall, source: EvalTensor, order: readonly number[]): EvalTensor {
  const strides = stridesOf(source.dims);
  const dims = order.map((axis) => source.dims[axis]!);
  return take(
    call,
    source,
    dims,
    viewOffsets(
      dims,
      order.map((axis) => strides[axis]!),
    ),
  );
}
