import type { Node } from '@gossamer/graph';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { type Call, first } from '../call.js';
import { fromImages, images, padded } from '../images.js';
import { FLOAT, type NodeTypes, type TfjsOperator } from '../operator.js';
import { reach, type Window, windowOf } from '../window.js';
import { refusesRank } from './convolution.js';

/** A pool over images: its window, with the padding that ceil_mode adds at the ends, and the size of its result. */
interface Pool extends Window {
  /** Rows and columns of zeros that count: without those of ceil_mode. */
  readonly counted: Window['pads'];
  readonly sizes: readonly [number, number];
}

function poolOf(node: Node, [height, width]: readonly [number, number], axes: number): Pool {
  const sizes = axes === 1 ? [width] : [height, width];
  const window = windowOf(node, sizes, node.ints('kernel_shape', []));
  const isCeil = node.int('ceil_mode', 0) === 1;
  const resolved = [height, width].map((size, axis) => {
    const [begin, end] = window.pads[axis]!;
    const stride = window.strides[axis]!;
    const span = reach(window.kernel[axis]!, window.dilations[axis]!);
    const steps = (size + begin + end - span) / stride;
    let count = (isCeil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // No window starts in the padding at the end.
    if (isCeil && (count - 1) * stride >= size + begin) count--;
    const more = Math.max((count - 1) * stride + span - size - begin - end, 0);
    return { count, pads: [begin, end + more] as const };
  });
  const [rows, columns] = resolved as [(typeof resolved)[0], (typeof resolved)[0]];
  return { ...window, counted: window.pads, pads: [rows.pads, columns.pads], sizes: [rows.count, columns.count] };
}

/** What each tap of the window reads: images of the size of the result, row by row. */
function taps(tf: Tf, x: Tensor4D, { kernel, strides, dilations, sizes }: Pool): Tensor4D[] {
  const [n, , , channels] = x.shape;
  const found: Tensor4D[] = [];
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const begin = [0, row * dilations[0], column * dilations[1], 0];
      const end = [n, begin[1]! + reach(sizes[0], strides[0]), begin[2]! + reach(sizes[1], strides[1]), channels];
      found.push(tf.stridedSlice(x, begin, end, [1, strides[0], strides[1], 1]) as Tensor4D);
    }
  }
  return found;
}

const isDilated = ({ dilations }: Window) => dilations.some((dilation) => dilation > 1);
const filterOf = ({ kernel }: Window) => [...kernel] as [number, number];
const stridesOf = ({ strides }: Window) => [...strides] as [number, number];

function maxPool(call: Call) {
  const { tf, node } = call;
  const x = images(call, 0);
  const rank = call.shape(0).length;
  const pool = poolOf(node, [x.shape[1], x.shape[2]], rank - 2);
  const whole = padded(tf, x, pool.pads, -Infinity);
  if (node.outputs[1]) return maximaWithIndices(call, x, whole, pool, rank);
  const y = isDilated(pool)
    ? taps(tf, whole, pool).reduce((a, b) => tf.maximum(a, b))
    : tf.maxPool(whole, filterOf(pool), stridesOf(pool), 'valid');
  return fromImages(call, y, rank);
}

/** Maxima and where the first of each window is, row by row, as an index into x in the order of ONNX. */
function maximaWithIndices(call: Call, x: Tensor4D, whole: Tensor4D, pool: Pool, rank: number) {
  const { tf, node } = call;
  const [n, height, width, channels] = x.shape;
  const tables = tapIndices([height, width], pool, node.int('storage_order', 0) === 1);
  const [start, ...others] = taps(tf, whole, pool) as [Tensor4D, ...Tensor4D[]];
  let maxima: Tensor = start;
  const tableOf = (tap: number) => tf.tensor4d(tables[tap]!, [1, ...pool.sizes, 1], 'int32');
  let indices: Tensor = tf.tile(tableOf(0), [n, 1, 1, channels]);
  for (const [i, tap] of others.entries()) {
    indices = tf.where(tf.greater(tap, maxima), tableOf(i + 1), indices);
    maxima = tf.maximum(maxima, tap);
  }
  const bases = Int32Array.from({ length: n * channels }, (_, i) => i * height * width);
  const placed = tf.add(indices, tf.tensor4d(bases, [n, 1, 1, channels], 'int32'));
  return [fromImages(call, maxima, rank), fromImages(call, placed, rank)];
}

/** For each tap, where in a plane of the image it reads. Of the padding, which never is a maximum, the nearest place in it. */
function tapIndices([height, width]: readonly [number, number], pool: Pool, isColumnMajor: boolean): Int32Array[] {
  const { kernel, strides, dilations, pads, sizes } = pool;
  const tables: Int32Array[] = [];
  const clamp = (at: number, size: number) => Math.min(Math.max(at, 0), size - 1);
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const table = new Int32Array(sizes[0] * sizes[1]);
      table.forEach((_, i) => {
        const y = Math.floor(i / sizes[1]) * strides[0] - pads[0][0] + row * dilations[0];
        const x = (i % sizes[1]) * strides[1] - pads[1][0] + column * dilations[1];
        const [inY, inX] = [clamp(y, height), clamp(x, width)];
        table[i] = isColumnMajor ? inX * height + inY : inY * width + inX;
      });
      tables.push(table);
    }
  }
  return tables;
}

function averagePool(call: Call) {
  const { tf, node } = call;
  const x = images(call, 0);
  const rank = call.shape(0).length;
  const pool = poolOf(node, [x.shape[1], x.shape[2]], rank - 2);
  const whole = padded(tf, x, pool.pads);
  const taken = pool.kernel[0] * pool.kernel[1];
  const mean = isDilated(pool)
    ? tf.div(tf.addN(taps(tf, whole, pool)), taken)
    : tf.avgPool(whole, filterOf(pool), stridesOf(pool), 'valid');
  const isIncluded = node.int('count_include_pad', 0) === 1;
  const shares = countsOf([x.shape[1], x.shape[2]], pool, isIncluded).map((count) => taken / count);
  if (shares.every((share) => share === 1)) return fromImages(call, mean, rank);
  const correction = tf.tensor4d(Float32Array.from(shares), [1, ...pool.sizes, 1]);
  return fromImages(call, tf.mul(mean, correction), rank);
}

/** How many of its taps a window averages over. */
function countsOf(image: readonly [number, number], pool: Pool, isIncluded: boolean): number[] {
  const [rows, columns] = image.map((size, axis) => {
    const [begin, end] = pool.counted[axis]!;
    const [low, high] = isIncluded ? [-begin, size + end] : [0, size];
    return Array.from({ length: pool.sizes[axis]! }, (_, at) => {
      let count = 0;
      for (let tap = 0; tap < pool.kernel[axis]!; tap++) {
        const place = at * pool.strides[axis]! - begin + tap * pool.dilations[axis]!;
        if (place >= low && place < high) count++;
      }
      return count;
    });
  }) as [number[], number[]];
  return rows.flatMap((row) => columns.map((column) => row * column));
}

/** A pool over all spatial axes. */
const global = (op: string, compute: (tf: Tf, x: Tensor, axes: number[]) => Tensor): TfjsOperator => ({
  op,
  types: FLOAT,
  run(call) {
    const { tensor, layout } = call.any(0);
    const begin = layout === 'last' ? 1 : 2;
    const axes = Array.from({ length: tensor.rank - 2 }, (_, i) => begin + i);
    return { tensor: compute(call.tf, tensor, axes), layout };
  },
});

function maxUnpool(call: Call) {
  const { tf } = call;
  const axes = call.shape(0).length - 2;
  const given = call.numbers(2);
  const { node } = call;
  const strides = node.ints('strides', undefined) ?? new Array<number>(axes).fill(1);
  const pads = node.ints('pads', undefined) ?? new Array<number>(2 * axes).fill(0);
  const kernel = node.ints('kernel_shape', []);
  const sizes = call.shape(0).slice(2);
  const inferred = sizes.map(
    (size, axis) => (size - 1) * strides[axis]! - pads[axis]! - pads[axis + axes]! + kernel[axis]!,
  );
  const own = [...call.shape(0).slice(0, 2), ...inferred];
  const flat = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
  const zeros = tf.zeros([flat(own)]);
  const count = flat(call.shape(0));
  const indices = tf.reshape(call.first(1), [count, 1]);
  const filled = tf.tensorScatterUpdate(zeros, indices, tf.reshape(call.first(0), [count]));
  const y = tf.reshape(filled, own);
  // Indices count in the inferred shape; what is asked for beyond it is zeros.
  const shape = given ?? own;
  return first(
    tf.pad(
      y,
      shape.map((dim, axis) => [0, dim - own[axis]!] as [number, number]),
    ),
  );
}

const refusesUnpool = (node: Node, types: NodeTypes) => refusesRank(node, types);

export const poolOperators: readonly TfjsOperator[] = [
  { op: 'MaxPool', types: FLOAT, refuse: refusesRank, run: maxPool },
  { op: 'AveragePool', types: FLOAT, refuse: refusesRank, run: averagePool },
  { op: 'MaxUnpool', types: FLOAT, host: [2], refuse: refusesUnpool, run: maxUnpool },
  global('GlobalAveragePool', (tf, x, axes) => tf.mean(x, axes, true)),
  global('GlobalMaxPool', (tf, x, axes) => tf.max(x, axes, true)),
];
