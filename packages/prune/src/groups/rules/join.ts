import { offsetMap } from '../element-maps.js';
import { defineGroupRule } from '../rule.js';

/** Concat: each input is a stretch of the output's axis; on other axes all go together. */
export const concat = defineGroupRule({
  ops: ['Concat'],
  tie(axes) {
    const { node } = axes;
    const y = node.output;
    const along = axes.axis(y, node.int('axis', 1));
    let offset: number | undefined = 0;
    for (const x of node.inputs) {
      if (!x) return;
      for (let axis = 0; axis < axes.rank(y); axis++) {
        if (axis !== along) axes.tie(x, axis, y, axis);
        else {
          const length = axes.length(x, axis);
          // Behind a part of unknown length nothing has a place.
          if (offset !== undefined && length !== undefined && axes.length(y, axis) !== undefined) {
            axes.tieBy(x, axis, y, axis, offsetMap(length, offset));
          }
          offset = offset === undefined || length === undefined ? undefined : offset + length;
        }
      }
    }
  },
});

/** Split: each output is a stretch of the input's axis. Sizes are written anew. */
export const split = defineGroupRule({
  ops: ['Split'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    if (!x || (node.input(1) && !axes.constant(1))) return;
    const along = axes.axis(x, node.int('axis', 0));
    let offset = 0;
    for (const y of node.outputs) {
      if (!y) return;
      for (let axis = 0; axis < axes.rank(x); axis++) {
        const length = axes.length(y, axis);
        if (axis !== along) axes.tie(x, axis, y, axis);
        else if (length === undefined) return;
        else {
          axes.tieBy(y, axis, x, axis, offsetMap(length, offset));
          offset += length;
        }
      }
    }
  },
});
