import type { Node } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineGradient } from './gradient-rule.js';

/** Sizes of the parts: given, or equal but for the last. */
function sizesOf(g: Emitter, node: Node, size: number): readonly number[] {
  const given = node.inputs[1];
  if (given) return g.integers(given);
  const count = node.int('num_outputs', node.outputs.length);
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, size - i * part)));
}

/** The gradients of the parts side by side, zeros for a part that nothing came back from. */
export const splitGradient = defineGradient({
  op: 'Split',
  gradient({ g, node, x, grads }) {
    const shape = g.shape(x);
    const axis = (node.int('axis', 0) + shape.length) % shape.length;
    const parts = sizesOf(g, node, shape[axis]!).map(
      (size, i) =>
        grads[i] ??
        g.zeros(
          shape.map((all, at) => (at === axis ? size : all)),
          g.dtype(x),
        ),
    );
    return [g.concat(parts, axis)];
  },
});
