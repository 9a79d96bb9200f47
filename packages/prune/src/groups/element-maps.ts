import type { ElementMap } from './node-axes.js';

/** Elements i of both, i < length, the second shifted by `offset`. */
export function offsetMap(length: number, offset: number): ElementMap {
  return { from: range(length), to: Int32Array.from({ length }, (_, i) => i + offset) };
}

/** Element i of the first with the block of `size` elements from i * size on of the second. */
export function blockMap(count: number, size: number): ElementMap {
  return indexMap(count * size, (i) => Math.floor(i / size));
}

/** Element i mod `period` of the first with element i of the second, i < length. */
export function periodicMap(length: number, period: number): ElementMap {
  return indexMap(length, (i) => i % period);
}

/** Element `fromOf(i)` of the first with element i of the second, i < length. */
export function indexMap(length: number, fromOf: (to: number) => number): ElementMap {
  return { from: Int32Array.from({ length }, (_, i) => fromOf(i)), to: range(length) };
}

const range = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i);
