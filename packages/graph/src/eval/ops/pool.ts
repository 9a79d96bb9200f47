import { elementCount } from '../../ir/tensor.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { stridesOf } from '../strided.js';
import { forEachWindow, type Window, windowOf } from '../window.js';

/** Runs `reduce` over each window of each channel; it gets the channel's first element and the window's offsets. */
function pool(
  call: KernelCall,
  x: EvalTensor,
  window: Window,
  reduce: (data: NumberData, base: number, offsets: Int32Array, position: number) => number,
): EvalTensor {
  const [batch = 0, channels = 0, ...spatial] = x.dims;
  const [size, positions] = [elementCount(spatial), elementCount(window.output)];
  const planes = batch * channels;
  call.charge(planes * positions * elementCount(window.kernel));
  const target = call.allocate(x.dtype, [batch, channels, ...window.output]);
  const [from, to] = [call.asNumbers(x), target.data as NumberData];
  forEachWindow(window, (position, offsets) => {
    for (let plane = 0; plane < planes; plane++) {
      to[plane * positions + position] = reduce(from, plane * size, offsets, position);
    }
  });
  return target;
}

/** MaxPool, with the flat indices of the maxima as second output (storage_order 1: column-major within a channel). */
export function maxPool(call: KernelCall, x: EvalTensor): (EvalTensor | undefined)[] {
  const spatial = x.dims.slice(2);
  const window = windowOf(call, spatial);
  const picks: number[] = [];
  const y = pool(call, x, window, (data, base, offsets) => {
    let best = -Infinity;
    let pick = -1;
    for (const offset of offsets) {
      if (offset < 0) continue;
      const value = data[base + offset]!;
      if (value > best || Number.isNaN(value) || pick < 0) [best, pick] = [value, offset];
    }
    picks.push(base + pick);
    return best;
  });
  if (!call.node.outputs[1]) return [y];
  return [y, poolIndices(call, y, picks, spatial)];
}

/** `picks` were found position by position over all planes; the result lies plane by plane. */
function poolIndices(
  call: KernelCall,
  y: EvalTensor,
  picks: readonly number[],
  spatial: readonly number[],
): EvalTensor {
  const indices = call.allocate('int64', y.dims);
  const size = elementCount(spatial);
  const positions = elementCount(y.dims.slice(2));
  const planes = picks.length / Math.max(1, positions);
  const rowMajor = stridesOf(spatial);
  const columnMajor = stridesOf([...spatial].reverse()).reverse();
  const byColumn = call.node.int('storage_order', 0) === 1;
  picks.forEach((pick, i) => {
    const [position, plane] = [Math.floor(i / planes), i % planes];
    const inside = pick - plane * size;
    const place = spatial.reduce(
      (sum, dim, axis) => sum + (Math.floor(inside / rowMajor[axis]!) % dim) * columnMajor[axis]!,
      0,
    );
    (indices.data as BigInt64Array)[plane * positions + position] = BigInt(plane * size + (byColumn ? place : inside));
  });
  return indices;
}

/** How many taps of each window count for an average that includes padding: those within the explicit pads. */
function paddedCounts(window: Window): number[] {
  const { input, output, kernel, strides, dilations, padsBegin, padsEnd } = window;
  const counts: number[] = [];
  const walk = (axis: number, product: number) => {
    if (axis === output.length) return void counts.push(product);
    for (let at = 0; at < output[axis]!; at++) {
      let inside = 0;
      for (let tap = 0; tap < kernel[axis]!; tap++) {
        const place = at * strides[axis]! - padsBegin[axis]! + tap * dilations[axis]!;
        if (place >= -padsBegin[axis]! && place < input[axis]! + padsEnd[axis]!) inside++;
      }
      walk(axis + 1, product * inside);
    }
  };
  walk(0, 1);
  return counts;
}

/** The averages of windows over x [n, c, spatial..]. */
export function averagePool(call: KernelCall, x: EvalTensor): EvalTensor {
  const window = windowOf(call, x.dims.slice(2));
  const counts = call.node.int('count_include_pad', 0) === 1 ? paddedCounts(window) : undefined;
  return pool(call, x, window, (data, base, offsets, position) => {
    let [sum, count] = [0, 0];
    for (const offset of offsets) {
      if (offset < 0) continue;
      sum += data[base + offset]!;
      count++;
    }
    return sum / (counts ? counts[position]! : count);
  });
}

function lpPool(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const p = call.node.int('p', 2);
  return pool(call, x, windowOf(call, x.dims.slice(2)), (data, base, offsets) => {
    let sum = 0;
    for (const offset of offsets) if (offset >= 0) sum += Math.abs(data[base + offset]!) ** p;
    return sum ** (1 / p);
  });
}

/** Reduces all spatial axes to 1. */
function globalPool(call: KernelCall, reduce: (row: Float64Array) => number): EvalTensor {
  const x = call.tensor(0);
  const [batch = 0, channels = 0, ...spatial] = x.dims;
  const size = elementCount(spatial);
  const target = call.allocate(x.dtype, [batch, channels, ...spatial.map(() => 1)]);
  const [from, to] = [call.asNumbers(x), target.data as NumberData];
  for (let plane = 0; plane < to.length; plane++) {
    to[plane] = reduce(Float64Array.from(from.subarray(plane * size, (plane + 1) * size)));
  }
  return target;
}

/** Puts each value back where MaxPool took it from. */
function maxUnpool(call: KernelCall): EvalTensor {
  const [x, indices] = [call.tensor(0), call.integers(1)];
  const { node } = call;
  const kernel = node.ints('kernel_shape', []);
  const rank = kernel.length;
  const strides = node.ints(
    'strides',
    kernel.map(() => 1),
  );
  const pads = node.ints('pads', new Array<number>(2 * rank).fill(0));
  const inferred = kernel.map(
    (size, axis) => (x.dims[axis + 2]! - 1) * strides[axis]! + size - pads[axis]! - pads[axis + rank]!,
  );
  const inferredDims = [...x.dims.slice(0, 2), ...inferred];
  const dims = call.optionalIntegers(2) ?? inferredDims;
  const target = call.allocate(x.dtype, dims);
  const [from, to] = [call.asNumbers(x), target.data as NumberData];
  // Indices are flat in the shape the pads imply, even when a larger output shape is asked for.
  const [own, wide] = [stridesOf(inferredDims), stridesOf(dims)];
  indices.forEach((index, i) => {
    const place = dims.reduce(
      (sum, _, axis) => sum + (Math.floor(index / own[axis]!) % inferredDims[axis]!) * wide[axis]!,
      0,
    );
    to[place] = from[i]!;
  });
  return target;
}

const maximum = (row: Float64Array) => row.reduce((a, b) => Math.max(a, b), -Infinity);
const average = (row: Float64Array) => row.reduce((a, b) => a + b, 0) / row.length;

export const pooling: readonly Kernel[] = [
  defineKernel({ op: 'MaxPool', run: (call) => maxPool(call, call.tensor(0)) }),
  defineKernel({ op: 'AveragePool', run: (call) => [averagePool(call, call.tensor(0))] }),
  defineKernel({ op: 'LpPool', run: (call) => [lpPool(call)] }),
  defineKernel({ op: 'GlobalMaxPool', run: (call) => [globalPool(call, maximum)] }),
  defineKernel({ op: 'GlobalAveragePool', run: (call) => [globalPool(call, average)] }),
  defineKernel({
    op: 'GlobalLpPool',
    run: (call) => {
      const p = call.node.int('p', 2);
      return [globalPool(call, (row) => row.reduce((sum, x) => sum + Math.abs(x) ** p, 0) ** (1 / p))];
    },
  }),
  defineKernel({ op: 'MaxUnpool', run: (call) => [maxUnpool(call)] }),
];
