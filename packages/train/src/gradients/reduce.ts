import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineGradient } from './gradient-rule.js';

/** Axes a reduction removes or makes 1, ascending. */
export function reducedAxes(g: Emitter, node: Node): readonly number[] {
  const rank = g.rank(node.inputs[0]!);
  const given = node.inputs[1];
  const axes = given ? g.integers(given).map((axis) => (axis < 0 ? axis + rank : axis)) : [];
  if (axes.length > 0) return [...axes].sort((a, b) => a - b);
  return node.int('noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

/** `value`, the result of a reduction or its gradient, with the reduced axes as axes of size 1. */
export function keepAxes(g: Emitter, node: Node, value: Value): Value {
  const axes = reducedAxes(g, node);
  return g.reshape(
    value,
    g.shape(node.inputs[0]!).map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
  );
}

/** Every element that was summed gets the gradient of its sum, divided by their number for a mean. */
export const reduceGradient = defineGradient({
  op: ['ReduceSum', 'ReduceMean'],
  gradient({ g, node, x, y, dy }) {
    const count = node.op === 'ReduceMean' ? g.size(x) / g.size(y) : 1;
    return [g.expand(keepAxes(g, node, g.scale(dy, 1 / count)), g.shape(x))];
  },
});
