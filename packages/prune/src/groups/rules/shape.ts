import type { NodeAxes } from '../node-axes.js';
import { tieReshaped } from '../reshape-ways.js';
import { defineGroupRule } from '../rule.js';

/** Reshape: a computed shape may say 0 or -1 for an axis that shrinks, a constant one is written anew. */
export const reshape = defineGroupRule({
  ops: ['Reshape'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    if (!x || node.int('allowzero', 0) !== 0) return;
    const shape = axes.data(1);
    const isConstant = axes.constant(1) !== undefined || node.has('shape');
    tieReshaped(axes, x, node.output, (axis) => isConstant || shape?.[axis] === -1 || shape?.[axis] === 0);
  },
});

/** Flatten, and axes of 1 that come and go. */
export const flatten = defineGroupRule({
  ops: ['Flatten', 'Squeeze', 'Unsqueeze'],
  tie(axes) {
    const x = axes.node.input(0);
    if (x) tieReshaped(axes, x, axes.node.output, () => true);
  },
});

export const transpose = defineGroupRule({
  ops: ['Transpose'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    if (!x) return;
    const rank = axes.rank(x);
    const permutation = node.ints('perm', undefined) ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    permutation.forEach((from, to) => axes.tie(x, from, node.output, to));
  },
});

/** Expand: axes that keep their length; the constant shape is written anew, a computed one may say 1. */
export const expand = defineGroupRule({
  ops: ['Expand'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    if (!x) return;
    const y = node.output;
    const shift = axes.rank(y) - axes.rank(x);
    const shape = axes.data(1);
    const isConstant = axes.constant(1) !== undefined;
    for (let axis = 0; axis < axes.rank(x); axis++) {
      const wanted = shape?.[axis + shift - axes.rank(y) + (shape?.length ?? 0)];
      if (axes.length(x, axis) === 1) axes.pass(x, axis);
      else if (isConstant || wanted === 1) axes.tie(x, axis, y, axis + shift);
    }
  },
});

/** Tile: axes that are not repeated. */
export const tile = defineGroupRule({
  ops: ['Tile'],
  tie(axes) {
    const repeats = axes.constant(1)?.toIntegers();
    tieWhere(axes, (axis) => repeats?.[axis] === 1);
  },
});

/** Pad: axes without padding. */
export const pad = defineGroupRule({
  ops: ['Pad'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    const pads = node.ints('pads', undefined) ?? axes.constant(1)?.toIntegers();
    if (!x || !pads || node.input(3) !== undefined) return;
    tieWhere(axes, (axis) => pads[axis] === 0 && pads[axis + axes.rank(x)] === 0);
  },
});

/** Resize and Upsample: axes that keep their length; constant sizes are written anew. */
export const resize = defineGroupRule({
  ops: ['Resize', 'Upsample'],
  tie(axes) {
    const { node } = axes;
    const sizes = node.input(3);
    if ((sizes && !sizes.constant) || node.has('axes')) return;
    tieWhere(axes, (axis) => axis < 2);
  },
});

/** Ties axes of input and output that are alike. */
function tieWhere(axes: NodeAxes, isAlike: (axis: number) => boolean): void {
  const x = axes.node.input(0);
  if (!x) return;
  for (let axis = 0; axis < axes.rank(x); axis++) if (isAlike(axis)) axes.tie(x, axis, axes.node.output, axis);
}
