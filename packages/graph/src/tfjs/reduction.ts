import type { Value } from '../ir/value.js';
import type { Emitter } from './emitter.js';
import { axisChannelsFirst, channelsFirstOperand, type Operand, plainOperand } from './operand.js';

/** Non-negative axes of an operand of this rank; throws for one outside. */
export function normalAxes(e: Emitter, axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => {
    const normal = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(axis) || normal < 0 || normal >= rank) throw e.error('axis', `within rank ${rank}`, axis);
    return normal;
  });
}

/** A reduction over known axes, in the layout the operand has where the result's axes keep their order. */
export function reduction(e: Emitter, op: string, x: Operand, axes: readonly number[], keepDims: boolean): Operand {
  const reduce = (value: Value, at: readonly number[]) =>
    e.op(op, [value, e.int64(at)], {
      keepdims: keepDims ? 1 : 0,
      ...(at.length === 0 ? { noop_with_empty_axes: 1 } : {}),
    });
  const shape = e.shapeOf(x);
  const { channelsFirst } = x;
  if (!channelsFirst || !shape)
    return plainOperand(reduce(e.plain(x), shape ? normalAxes(e, axes, shape.length) : axes));
  const rank = shape.length;
  const normal = normalAxes(e, axes, rank);
  const moved = normal.map((axis) => axisChannelsFirst(axis, rank)).sort((a, b) => a - b);
  if (keepDims) return channelsFirstOperand(reduce(channelsFirst, moved));
  const spatialLeft = rank - 2 - normal.filter((axis) => axis > 0 && axis < rank - 1).length;
  if (normal.includes(rank - 1) || spatialLeft === 0) return plainOperand(reduce(channelsFirst, moved));
  return plainOperand(reduce(e.plain(x), normal));
}
