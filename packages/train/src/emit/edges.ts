import type { Value } from '@gossamer/graph';
import type { Emitter } from './emitter.js';

/** `a` with zeros before and after each axis; negative counts take elements away. One entry an axis. */
export function moveEdges(g: Emitter, a: Value, before: readonly number[], after: readonly number[]): Value {
  const shape = g.shape(a);
  const isGone = shape.some((size, axis) => size + Math.min(0, before[axis]!) + Math.min(0, after[axis]!) <= 0);
  if (isGone)
    return g.zeros(
      shape.map((size, axis) => size + before[axis]! + after[axis]!),
      g.dtype(a),
    );
  const cut = shape.map((_, axis) => axis).filter((axis) => before[axis]! < 0 || after[axis]! < 0);
  const kept =
    cut.length === 0
      ? a
      : g.slice(
          a,
          cut,
          cut.map((axis) => Math.max(0, -before[axis]!)),
          cut.map((axis) => shape[axis]! + Math.min(0, after[axis]!)),
        );
  return g.pad(
    kept,
    [...before, ...after].map((count) => Math.max(0, count)),
  );
}

/** `a` with the order along `axes` turned round. */
export function reverse(g: Emitter, a: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return a;
  const shape = g.shape(a);
  return g.slice(
    a,
    axes,
    axes.map(() => -1),
    // Before the first element, counted from the end.
    axes.map((axis) => -shape[axis]! - 1),
    axes.map(() => -1),
  );
}
