import { isInteger } from '../../dtype.js';
import { toDoubles } from '../elementwise.js';
import type { EvalTensor } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, isBig, type Kernel, type KernelCall } from '../kernel.js';
import { stridesOf } from '../strided.js';
import { elementOffsets, tupleOffsets, wrapIndex } from './gather.js';

type Combine = <T extends number | bigint>(old: T, update: T) => T;

/** Exact modulo 2^64, so that a chain of products neither grows nor rounds. */
function product<T extends number | bigint>(a: T, b: T): T {
  return (typeof a === 'bigint' ? BigInt.asIntN(64, a * (b as bigint)) : (a as number) * (b as number)) as T;
}

/** Of integers of at most 32 bits: the low 32 bits, which a double product would lose. */
const smallProduct: Combine = (a, b) => Math.imul(a as number, b as number) as typeof a;

/** How an update meets the element it lands on. */
const REDUCTIONS: Readonly<Record<string, Combine>> = {
  none: (_old, update) => update,
  add: (old, update) => ((old as number) + (update as number)) as typeof old,
  mul: product,
  max: (old, update) => (old > update ? old : update),
  min: (old, update) => (old < update ? old : update),
};

/** The reduction for elements of `x`; undefined for an unknown name. */
function reductionFor(x: EvalTensor, name: string): Combine | undefined {
  if (name === 'mul' && isInteger(x.dtype) && !isBig(x.data)) return smallProduct;
  return Object.hasOwn(REDUCTIONS, name) ? REDUCTIONS[name] : undefined;
}

/** A copy of `x` with update i combined into element `offsets[i]`, in order. */
function scatter(call: KernelCall, x: EvalTensor, offsets: ArrayLike<number>, updates: EvalTensor): EvalTensor {
  const name = call.node.string('reduction', 'none');
  const combine = reductionFor(x, name) ?? call.fail('ERR_EVAL_OP', 'reduction', 'none, add, mul, max or min', name);
  if (x.dtype !== updates.dtype) call.fail('ERR_EVAL_INPUT', 'updates', x.dtype, updates.dtype);
  if (name !== 'none' && x.dtype === 'string') call.fail('ERR_EVAL_INPUT', 'input 0', 'numbers to combine', x.dtype);
  const target = copy(call, x);
  // Both hold elements of one kind; the compiler cannot see that.
  const to = target.data as unknown as Record<number, number>;
  const from = updates.data as unknown as Record<number, number>;
  for (let i = 0; i < offsets.length; i++) to[offsets[i]!] = combine(to[offsets[i]!]!, from[i]!);
  return target;
}

function copy(call: KernelCall, x: EvalTensor): EvalTensor {
  const target = call.allocate(x.dtype, x.dims);
  const to = target.data as unknown as Record<number, number>;
  const from = x.data as unknown as Record<number, number>;
  for (let i = 0; i < target.data.length; i++) to[i] = from[i]!;
  return target;
}

function scatterElements(call: KernelCall): EvalTensor {
  const [x, indices, updates] = [call.tensor(0), call.integers(1), call.tensor(2)];
  const axis = call.axis(call.node.int('axis', 0), x.dims.length);
  return scatter(call, x, elementOffsets(call, x.dims, updates.dims, axis, indices), updates);
}

function scatterNd(call: KernelCall): EvalTensor {
  const [x, indices, updates] = [call.tensor(0), call.integers(1), call.tensor(2)];
  const { starts, slice } = tupleOffsets(call, x.dims, call.tensor(1).dims, indices, 0);
  const offsets = starts.flatMap((start) => Array.from({ length: slice }, (_, i) => start + i));
  return scatter(call, x, offsets, updates);
}

/** Writes new cache entries [batch, .., sequence, ..] at each batch item's index along `axis` (modulo its size when circular). */
function tensorScatter(call: KernelCall): EvalTensor {
  const [cache, update] = [call.tensor(0), call.tensor(1)];
  const axis = call.axis(call.node.int('axis', -2), cache.dims.length);
  const batch = cache.dims[0]!;
  const starts = call.optionalIntegers(2) ?? new Array<number>(batch).fill(0);
  const circular = call.node.string('mode', 'linear') === 'circular';
  const [own, strides] = [stridesOf(update.dims), stridesOf(cache.dims)];
  const size = cache.dims[axis]!;
  const offsets = Array.from({ length: elementCount(update.dims) }, (_, i) =>
    update.dims.reduce((sum, dim, k) => {
      const at = Math.floor(i / own[k]!) % dim;
      if (k !== axis) return sum + at * strides[k]!;
      const place = at + starts[Math.floor(i / own[0]!)]!;
      return sum + (circular ? place % size : wrapIndex(call, place, size)) * strides[k]!;
    }, 0),
  );
  return scatter(call, cache, offsets, update);
}

/** values = [off, on]; an index outside [-depth, depth) gives a row of off. */
function oneHot(call: KernelCall): EvalTensor {
  const indices = toDoubles(call, call.tensor(0));
  const shape = call.tensor(0).dims;
  const depth = Number(call.tensor(1).data[0]);
  const values = call.tensor(2);
  const axis = call.axis(call.node.int('axis', -1), shape.length + 1);
  const dims = [...shape.slice(0, axis), depth, ...shape.slice(axis)];
  const target = call.allocate(values.dtype, dims);
  const to = target.data as unknown as Record<number, number>;
  const [off, on] = [values.data[0] as number, values.data[1] as number];
  const inner = elementCount(shape.slice(axis));
  for (let i = 0; i < target.data.length; i++) {
    const index = indices[Math.floor(i / (inner * depth)) * inner + (i % inner)]!;
    const place = index < 0 ? index + depth : index;
    to[i] = Math.floor(i / inner) % depth === Math.trunc(place) ? on : off;
  }
  return target;
}

/** Running sums or products along an axis. */
function cumulative(call: KernelCall, reduction: 'add' | 'mul', start: number): EvalTensor {
  const x = call.tensor(0);
  const combine = reductionFor(x, reduction)!;
  const axis = call.axis(call.integers(1)[0]!, x.dims.length);
  const exclusive = call.node.int('exclusive', 0) === 1;
  const reverse = call.node.int('reverse', 0) === 1;
  const target = call.allocate(x.dtype, x.dims);
  const to = target.data as unknown as Record<number, number>;
  const from = x.data as unknown as Record<number, number>;
  const [size, stride] = [x.dims[axis]!, stridesOf(x.dims)[axis]!];
  for (let i = 0; i < target.data.length; i++) {
    if (Math.floor(i / stride) % size !== 0) continue;
    let total = (isBig(x.data) ? BigInt(start) : start) as number;
    for (let step = 0; step < size; step++) {
      const at = i + (reverse ? size - 1 - step : step) * stride;
      const next = combine(total, from[at]!);
      to[at] = exclusive ? total : next;
      total = next;
    }
  }
  return target;
}

/** Sums columns back into an image: each block of a column adds to the window it was cut from. */
function col2im(call: KernelCall): EvalTensor {
  const [x, image, block] = [call.tensor(0), call.integers(1), call.integers(2)];
  const { node } = call;
  const rank = image.length;
  const pads = node.ints('pads', new Array<number>(2 * rank).fill(0));
  const strides = node.ints(
    'strides',
    image.map(() => 1),
  );
  const dilations = node.ints(
    'dilations',
    image.map(() => 1),
  );
  const [batch = 0, rows = 0] = x.dims;
  const taps = elementCount(block);
  const channels = rows / taps;
  const columns = image.map(
    (size, k) =>
      Math.floor((size + pads[k]! + pads[k + rank]! - dilations[k]! * (block[k]! - 1) - 1) / strides[k]!) + 1,
  );
  const [tapStrides, columnStrides, imageStrides] = [block, columns, image].map(stridesOf) as [
    number[],
    number[],
    number[],
  ];
  const [positions, size] = [elementCount(columns), elementCount(image)];
  const dims = [batch, channels, ...image];
  // 64-bit integers add up exactly, everything else in double.
  const exact = isBig(x.data) ? call.allocate(x.dtype, dims) : undefined;
  const sums = exact ? exact.data : new Float64Array(call.reserve(dims));
  const [to, from] = [sums, x.data].map((data) => data as unknown as Record<number, number>) as [
    Record<number, number>,
    Record<number, number>,
  ];
  call.charge(x.data.length + sums.length);
  for (let i = 0; i < x.data.length; i++) {
    const [position, tap] = [i % positions, Math.floor(i / positions) % taps];
    const plane = Math.floor(i / (positions * taps));
    let offset = 0;
    for (let k = 0; k < rank && offset >= 0; k++) {
      const at = Math.floor(position / columnStrides[k]!) % columns[k]!;
      const inside = Math.floor(tap / tapStrides[k]!) % block[k]!;
      const place = at * strides[k]! - pads[k]! + inside * dilations[k]!;
      offset = place < 0 || place >= image[k]! ? -1 : offset + place * imageStrides[k]!;
    }
    if (offset >= 0) to[plane * size + offset]! += from[i]!;
  }
  return exact ?? call.result(x.dtype, dims, sums as Float64Array);
}

export const scattering: readonly Kernel[] = [
  defineKernel({ op: 'ScatterElements', run: (call) => [scatterElements(call)] }),
  defineKernel({ op: 'Scatter', run: (call) => [scatterElements(call)] }),
  defineKernel({ op: 'ScatterND', run: (call) => [scatterNd(call)] }),
  defineKernel({ op: 'TensorScatter', run: (call) => [tensorScatter(call)] }),
  defineKernel({ op: 'OneHot', run: (call) => [oneHot(call)] }),
  defineKernel({ op: 'CumSum', run: (call) => [cumulative(call, 'add', 0)] }),
  defineKernel({ op: 'CumProd', run: (call) => [cumulative(call, 'mul', 1)] }),
  defineKernel({ op: 'Col2Im', run: (call) => [col2im(call)] }),
];
