import type { NodeAxes } from '../node-axes.js';
import { indexMap, offsetMap } from '../element-maps.js';
import { defineGroupRule } from '../rule.js';

/** Slice with constant bounds: on sliced axes with step 1 the output is a stretch of the input. */
export const slice = defineGroupRule({
  ops: ['Slice'],
  tie(axes) {
    const { node } = axes;
    const x = node.input(0);
    const bounds = boundsOf(axes);
    if (!x) return;
    for (let axis = 0; axis < axes.rank(x); axis++) {
      const bound = bounds?.get(axis);
      const [length, kept] = [axes.length(x, axis), axes.length(node.output, axis)];
      if (bounds && !bound) axes.tie(x, axis, node.output, axis);
      else if (bound?.step === 1 && length !== undefined && kept !== undefined && kept > 0) {
        const start = bound.start < 0 ? Math.max(0, bound.start + length) : Math.min(bound.start, length);
        axes.tieBy(node.output, axis, x, axis, offsetMap(kept, start));
      }
    }
  },
});

/** What is sliced, by axis; undefined when it is computed. */
function boundsOf(axes: NodeAxes): Map<number, { start: number; step: number }> | undefined {
  const { node } = axes;
  const isOld = axes.opset < 10;
  const starts = isOld ? node.bounds('starts') : axes.constant(1)?.toFloat64();
  const ends = isOld ? node.bounds('ends') : axes.constant(2)?.toFloat64();
  if (!starts || !ends) return undefined;
  const isGiven = !isOld && node.input(3) !== undefined;
  const given = isOld ? node.ints('axes', undefined) : isGiven ? axes.constant(3)?.toIntegers() : undefined;
  const steps = !isOld && node.input(4) ? axes.constant(4)?.toIntegers() : Array.from(starts, () => 1);
  if ((isGiven && !given) || !steps) return undefined;
  const x = node.input(0)!;
  return new Map(Array.from(starts, (start, i) => [axes.axis(x, given ? given[i]! : i), { start, step: steps[i]! }]));
}

/** Gather: data axes around the gathered one pass; with constant indices the gathered one maps by them, else its elements stay. */
export const gather = defineGroupRule({
  ops: ['Gather'],
  tie(axes) {
    const { node } = axes;
    const [data, indices] = node.inputs;
    if (!data || !indices) return;
    const y = node.output;
    const along = axes.axis(data, node.int('axis', 0));
    const shift = axes.rank(indices) - 1;
    for (let axis = 0; axis < axes.rank(data); axis++) {
      if (axis === along) continue;
      const target = axis < along ? axis : axis + shift;
      axes.tie(data, axis, y, target);
      axes.masks(data, axis);
      if (data.constant) axes.kind(y, target, 'embedding');
    }
    for (let axis = 0; axis < axes.rank(indices); axis++)
      if (!indices.constant) axes.tie(indices, axis, y, along + axis);
    const length = axes.length(data, along);
    const chosen = axes
      .constant(1)
      ?.toIntegers()
      .map((i) => (i < 0 ? i + length! : i));
    if (!chosen || length === undefined || chosen.some((i) => i < 0 || i >= length) || shift > 0) return;
    axes.pass(data, along);
    if (shift < 0) axes.freezeElement(data, along, chosen[0]!);
    else {
      // The list of indices shrinks with the output's axis.
      axes.tieBy(
        data,
        along,
        y,
        along,
        indexMap(chosen.length, (i) => chosen[i]!),
      );
      axes.tie(indices, 0, y, along);
    }
  },
});
