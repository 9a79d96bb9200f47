import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { axisIn, type Call, ordered } from '../call.js';
import { ALL, type Result, type TfjsOperator } from '../operator.js';

function concatenated(call: Call): Result {
  const rank = call.shape(0).length;
  const axis = call.axis(call.node.int('axis', 0), rank);
  const parts = call.inputs.map((_, index) => call.held(index));
  const isLast = rank >= 3 && parts.some((part) => part.has('last'));
  const layout = isLast ? 'last' : 'first';
  const tensors = parts.map((part) => part.in(layout));
  return { tensor: call.tf.concat(tensors, axisIn(layout, rank, axis)), layout };
}

function split(call: Call): readonly Result[] {
  const { tensor, layout } = call.any(0);
  const { node } = call;
  const axis = call.axis(node.int('axis', 0), tensor.rank);
  const place = axisIn(layout, tensor.rank, axis);
  const size = tensor.shape[place]!;
  const count = node.int('num_outputs', node.outputs.length);
  // The last part is smaller where the size does not divide.
  const each = Math.ceil(size / count);
  const equal = Array.from({ length: count }, (_, i) => Math.min(each, size - i * each));
  return call.tf.split(tensor, call.numbers(1) ?? equal, place).map((part) => ({ tensor: part, layout }));
}

/** What Slice takes of an axis, counted in the direction in which it goes. */
interface Range {
  readonly begin: number;
  readonly size: number;
  readonly step: number;
}

/** Bounds of one axis as Slice of the standard clamps them. */
function rangeOf(start: number, end: number, step: number, dim: number): Range {
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  const wrap = (value: number) => (value < 0 ? value + dim : value);
  if (step > 0) {
    const [from, to] = [clamp(wrap(start), 0, dim), clamp(wrap(end), 0, dim)];
    return { begin: from, size: Math.max(Math.ceil((to - from) / step), 0), step };
  }
  const [from, to] = [clamp(wrap(start), -1, dim - 1), clamp(wrap(end), -1, dim - 1)];
  // In the reversed axis.
  return { begin: dim - 1 - from, size: Math.max(Math.ceil((from - to) / -step), 0), step };
}

function sliced(call: Call): Result {
  const { tensor, layout } = call.any(0);
  const { rank } = tensor;
  const [starts, ends] = [call.numbers(1)!, call.numbers(2)!];
  const axes = call.numbers(3) ?? starts.map((_, i) => i);
  const steps = call.numbers(4) ?? starts.map(() => 1);
  const ranges = call.shape(0).map((dim): Range => ({ begin: 0, size: dim, step: 1 }));
  axes.forEach((given, i) => {
    const axis = call.axis(given, rank);
    ranges[axis] = rangeOf(starts[i]!, ends[i]!, steps[i]!, call.shape(0)[axis]!);
  });
  return { tensor: taken(call.tf, tensor, ordered(layout, ranges)), layout };
}

function taken(tf: Tf, x: Tensor, ranges: readonly Range[]): Tensor {
  const reversed = ranges.flatMap(({ step }, axis) => (step < 0 ? [axis] : []));
  const source = reversed.length > 0 ? tf.reverse(x, reversed) : x;
  const begin = ranges.map((range) => range.begin);
  const strides = ranges.map(({ step }) => Math.abs(step));
  const sizes = ranges.map(({ size }) => size);
  if (sizes.includes(0)) return tf.zeros(sizes, x.dtype);
  if (strides.every((stride) => stride === 1)) return tf.slice(source, begin, sizes);
  const end = begin.map((from, axis) => from + (sizes[axis]! - 1) * strides[axis]! + 1);
  return tf.stridedSlice(source, begin, end, strides);
}

/** The place in an axis of size `size` that place `at` of the padded one reads, by mode. */
const SOURCES: Readonly<Record<string, (at: number, size: number) => number>> = {
  edge: (at, size) => Math.min(Math.max(at, 0), size - 1),
  reflect(at, size) {
    if (size === 1) return 0;
    const period = 2 * (size - 1);
    const place = ((at % period) + period) % period;
    return place < size ? place : period - place;
  },
  wrap: (at, size) => ((at % size) + size) % size,
};

function padded(call: Call): Result {
  const { tf, node } = call;
  const { tensor, layout } = call.any(0);
  const { rank } = tensor;
  const given = call.numbers(1)!;
  const axes = call.numbers(3)?.map((axis) => call.axis(axis, rank)) ?? tensor.shape.map((_, axis) => axis);
  const pads = call.shape(0).map((): readonly [number, number] => [0, 0]);
  axes.forEach((axis, i) => (pads[axis] = [given[i]!, given[i + axes.length]!]));
  const sides = ordered(layout, pads);
  const mode = node.string('mode', 'constant');
  if (mode === 'constant') {
    return { tensor: constantPadded(tf, tensor, sides, call.numbers(2)?.[0] ?? 0), layout };
  }
  const source = SOURCES[mode]!;
  let y: Tensor = tensor;
  for (const [axis, [begin, end]] of sides.entries()) {
    if (begin === 0 && end === 0) continue;
    const size = y.shape[axis]!;
    const places = Int32Array.from({ length: begin + size + end }, (_, at) => source(at - begin, size));
    y = tf.gather(y, tf.tensor1d(places, 'int32'), axis);
  }
  return { tensor: y, layout };
}

function constantPadded(tf: Tf, x: Tensor, sides: readonly (readonly [number, number])[], value: number): Tensor {
  const less = sides.map(([begin, end]) => [Math.max(-begin, 0), Math.max(-end, 0)] as const);
  const more = sides.map(([begin, end]) => [Math.max(begin, 0), Math.max(end, 0)] as [number, number]);
  const isCut = less.some(([begin, end]) => begin + end > 0);
  const begins = less.map(([begin]) => begin);
  const sizes = x.shape.map((dim, axis) => dim - less[axis]![0] - less[axis]![1]);
  return tf.pad(isCut ? tf.slice(x, begins, sizes) : x, more, value);
}

/** Elements above or below a diagonal; the others are 0. */
function triangle(call: Call): Result {
  const { tf, node } = call;
  const x = call.first(0);
  const [rows = 1, columns = 1] = x.shape.slice(-2);
  const shift = call.numbers(1)?.[0] ?? 0;
  const isUpper = node.int('upper', 1) === 1;
  const mask = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const offset = (i % columns) - Math.floor(i / columns);
    return (isUpper ? offset >= shift : offset <= shift) ? 1 : 0;
  });
  return { tensor: tf.where(tf.tensor2d(mask, [rows, columns], 'bool'), x, tf.zerosLike(x)), layout: 'first' };
}

export const moveOperators: readonly TfjsOperator[] = [
  { op: 'Concat', types: ALL, run: concatenated },
  { op: 'Split', types: ALL, host: [1], run: split },
  { op: 'Slice', types: ALL, host: [1, 2, 3, 4], run: sliced },
  {
    op: 'Pad',
    types: ALL,
    host: [1, 2, 3],
    refuse: (node) => {
      const mode = node.string('mode', 'constant');
      return mode === 'constant' || Object.hasOwn(SOURCES, mode) ? undefined : `mode ${mode}`;
    },
    run: padded,
  },
  { op: 'Trilu', types: ALL, host: [1], run: triangle },
];
