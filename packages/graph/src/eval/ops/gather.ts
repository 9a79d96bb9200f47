import type { EvalTensor } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { stridesOf, take } from '../strided.js';

/** An index in [0, size), counted from the end when negative; ERR_EVAL_VALUE when outside. */
export function wrapIndex(call: KernelCall, index: number, size: number): number {
  const place = index < 0 ? index + size : index;
  if (!(place >= 0 && place < size))
    call.fail('ERR_EVAL_VALUE', 'index', `an index in [-${size}, ${size})`, String(index));
  return place;
}

/** Slices of `x` along `axis`, in the shape of the indices. */
export function gather(
  call: KernelCall,
  x: EvalTensor,
  axis: number,
  indices: readonly number[],
  indexDims: readonly number[],
): EvalTensor {
  const [before, after] = [x.dims.slice(0, axis), x.dims.slice(axis + 1)];
  const dims = [...before, ...indexDims, ...after];
  call.charge(elementCount(dims));
  const [outer, inner, size] = [elementCount(before), elementCount(after), x.dims[axis]!];
  const offsets = new Int32Array(outer * indices.length * inner);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of indices) {
      const start = (o * size + wrapIndex(call, index, size)) * inner;
      for (let i = 0; i < inner; i++) offsets[at++] = start + i;
    }
  }
  return take(call, x, dims, offsets);
}

/** Element i of the result is `x` at i's position, with the coordinate on `axis` taken from the index. */
function gatherElements(call: KernelCall): EvalTensor {
  const [x, indices] = [call.tensor(0), call.integers(1)];
  const { dims } = call.tensor(1);
  const axis = call.axis(call.node.int('axis', 0), x.dims.length);
  return take(call, x, dims, elementOffsets(call, x.dims, dims, axis, indices));
}

/** Offsets into a tensor of `xDims` for GatherElements and ScatterElements. */
export function elementOffsets(
  call: KernelCall,
  xDims: readonly number[],
  dims: readonly number[],
  axis: number,
  indices: readonly number[],
): number[] {
  const [own, strides] = [stridesOf(dims), stridesOf(xDims)];
  return indices.map((index, i) =>
    dims.reduce((sum, dim, k) => {
      const place = k === axis ? wrapIndex(call, index, xDims[axis]!) : Math.floor(i / own[k]!) % dim;
      return sum + place * strides[k]!;
    }, 0),
  );
}

/** The start of the slice each index tuple names, for GatherND and ScatterND. */
export function tupleOffsets(
  call: KernelCall,
  xDims: readonly number[],
  indexDims: readonly number[],
  indices: readonly number[],
  batchDims: number,
): { starts: number[]; slice: number } {
  const depth = indexDims.at(-1) ?? 0;
  const strides = stridesOf(xDims);
  const slice = elementCount(xDims.slice(batchDims + depth));
  const perBatch = elementCount(indexDims.slice(batchDims, -1));
  const batchSize = elementCount(xDims.slice(batchDims));
  const starts = Array.from({ length: elementCount(indexDims.slice(0, -1)) }, (_, tuple) => {
    let offset = Math.floor(tuple / perBatch) * batchSize;
    for (let k = 0; k < depth; k++) {
      const axis = batchDims + k;
      offset += wrapIndex(call, indices[tuple * depth + k]!, xDims[axis]!) * strides[axis]!;
    }
    return offset;
  });
  return { starts, slice };
}

function gatherNd(call: KernelCall): EvalTensor {
  const [x, indices] = [call.tensor(0), call.integers(1)];
  const indexDims = call.tensor(1).dims;
  const batchDims = call.node.int('batch_dims', 0);
  const { starts, slice } = tupleOffsets(call, x.dims, indexDims, indices, batchDims);
  const dims = [...indexDims.slice(0, -1), ...x.dims.slice(batchDims + (indexDims.at(-1) ?? 0))];
  call.charge(elementCount(dims));
  return take(
    call,
    x,
    dims,
    starts.flatMap((start) => Array.from({ length: slice }, (_, i) => start + i)),
  );
}

/** Rows of the flattened input (or of `axis`) where the condition holds. */
function compress(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const given = call.node.int('axis', undefined);
  const kept = call.integers(1).flatMap((bit, i) => (bit ? [i] : []));
  if (given === undefined) return gather(call, { ...x, dims: [elementCount(x.dims)] }, 0, kept, [kept.length]);
  return gather(call, x, call.axis(given, x.dims.length), kept, [kept.length]);
}

/** Reverses the first `lengths[b]` steps of each sequence. */
function reverseSequence(call: KernelCall): EvalTensor {
  const [x, lengths] = [call.tensor(0), call.integers(1)];
  const batch = call.axis(call.node.int('batch_axis', 1), x.dims.length);
  const time = call.axis(call.node.int('time_axis', 0), x.dims.length);
  const strides = stridesOf(x.dims);
  const offsets = Array.from({ length: elementCount(x.dims) }, (_, i) => {
    const length = lengths[Math.floor(i / strides[batch]!) % x.dims[batch]!]!;
    const step = Math.floor(i / strides[time]!) % x.dims[time]!;
    return step < length ? i + (length - 1 - 2 * step) * strides[time]! : i;
  });
  return take(call, x, x.dims, offsets);
}

export const gathering: readonly Kernel[] = [
  defineKernel({
    op: 'Gather',
    run: (call) => {
      const x = call.tensor(0);
      const axis = call.axis(call.node.int('axis', 0), x.dims.length);
      return [gather(call, x, axis, call.integers(1), call.tensor(1).dims)];
    },
  }),
  defineKernel({ op: 'GatherElements', run: (call) => [gatherElements(call)] }),
  defineKernel({ op: 'GatherND', run: (call) => [gatherNd(call)] }),
  defineKernel({ op: 'Compress', run: (call) => [compress(call)] }),
  defineKernel({ op: 'ReverseSequence', run: (call) => [reverseSequence(call)] }),
];
