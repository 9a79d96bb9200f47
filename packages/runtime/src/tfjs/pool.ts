import type { Node } from '@gossamer/graph';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf } from './backend.js';
import { reach, type Window, windowOf } from './window.js';

/** A pool over images: its window, with the padding that ceil_mode adds at the ends, and the size of its result. */
export interface Pool extends Window {
  /** Rows and columns of zeros that count: without those of ceil_mode. */
  readonly counted: Window['pads'];
  readonly sizes: readonly [number, number];
}

export function poolOf(node: Node, [height, width]: readonly [number, number], axes: number): Pool {
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
export function taps(tf: Tf, x: Tensor4D, { kernel, strides, dilations, sizes }: Pool): Tensor4D[] {
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

export const isDilated = ({ dilations }: Window) => dilations.some((dilation) => dilation > 1);
export const filterOf = ({ kernel }: Window) => [...kernel] as [number, number];
export const stridesOf = ({ strides }: Window) => [...strides] as [number, number];

/** Maxima and where the first of each window is, row by row, as an index into x in the order of ONNX; `whole` is x with its padding. */
export function maximaWithIndices(tf: Tf, x: Tensor4D, whole: Tensor4D, pool: Pool, isColumnMajor = false) {
  const [n, height, width, channels] = x.shape;
  const tables = tapIndices([height, width], pool, isColumnMajor);
  const [start, ...others] = taps(tf, whole, pool) as [Tensor4D, ...Tensor4D[]];
  let maxima: Tensor = start;
  const tableOf = (tap: number) => tf.tensor4d(tables[tap]!, [1, ...pool.sizes, 1], 'int32');
  let indices: Tensor = tf.tile(tableOf(0), [n, 1, 1, channels]);
  for (const [i, tap] of others.entries()) {
    indices = tf.where(tf.greater(tap, maxima), tableOf(i + 1), indices);
    maxima = tf.maximum(maxima, tap);
  }
  const bases = Int32Array.from({ length: n * channels }, (_, i) => i * height * width);
  return { maxima, places: tf.add(indices, tf.tensor4d(bases, [n, 1, 1, channels], 'int32')) };
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

/** What the mean over all taps of a window is multiplied by, so that it is over those that count; undefined: by 1. */
export function sharesOf(tf: Tf, node: Node, image: readonly [number, number], pool: Pool): Tensor4D | undefined {
  const taken = pool.kernel[0] * pool.kernel[1];
  const counts = countsOf(image, pool, node.int('count_include_pad', 0) === 1);
  if (counts.every((count) => count === taken)) return undefined;
  const shares = Float32Array.from(counts, (count) => taken / count);
  return tf.tensor4d(shares, [1, ...pool.sizes, 1]);
}
