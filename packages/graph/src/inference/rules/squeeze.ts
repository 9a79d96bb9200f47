import type { Dim } from '../../ir/dim.js';
import { integersOf, lengthOf, normaliseAxes, unknownShape } from '../arguments.js';
import { productOf, type Shape } from '../dims.js';
import { defineRule, type InferenceContext } from '../rule.js';

function setSame(context: InferenceContext, shape: Shape | undefined): void {
  const data = context.dataOf(0);
  context.setTensor(0, context.dtypeOf(0), shape, data && shape && productOf(shape) === data.length ? data : undefined);
}

/**
 * Squeeze: axes as attribute (before 13) or input, all axes of size 1 when absent. An empty attribute is an absent one. An empty input
 * removes nothing by the standard, all axes of size 1 in ONNX Runtime: known only where there are none.
 */
const squeeze = defineRule({
  op: 'Squeeze',
  infer(node, context) {
    const source = context.shapeOf(0);
    const given = integersOf(node, context, 'axes', 1);
    const axes = given?.length === 0 && node.has('axes') ? 'absent' : given;
    if (axes?.length === 0 && !source?.every((dim) => typeof dim === 'number' && dim !== 1)) {
      return setSame(context, undefined);
    }
    if (!source) return setSame(context, undefined);
    if (axes === undefined) {
      const count = lengthOf(context, 1);
      return setSame(
        context,
        count === undefined || count > source.length ? undefined : unknownShape(source.length - count),
      );
    }
    if (axes === 'absent') {
      // A symbolic size may turn out to be 1.
      const known = source.every((dim) => typeof dim === 'number');
      return setSame(context, known ? source.filter((dim) => dim !== 1) : undefined);
    }
    const removed = normaliseAxes(context, axes, source.length);
    for (const axis of removed) {
      const size = source[axis];
      if (typeof size === 'number' && size !== 1) throw context.error(`axis ${axis}`, 'size 1', [...source]);
    }
    return setSame(
      context,
      source.filter((_, axis) => !removed.includes(axis)),
    );
  },
});

const unsqueeze = defineRule({
  op: 'Unsqueeze',
  infer(node, context) {
    const source = context.shapeOf(0);
    const axes = integersOf(node, context, 'axes', 1);
    if (axes === 'absent') throw context.error('axes', 'given', 'none');
    if (!source) return setSame(context, undefined);
    if (axes === undefined) {
      const count = lengthOf(context, 1);
      return setSame(context, count === undefined ? undefined : unknownShape(source.length + count));
    }
    const rank = source.length + axes.length;
    const added = normaliseAxes(context, axes, rank);
    const rest = [...source];
    const shape: Dim[] = [];
    for (let axis = 0; axis < rank; axis++) shape.push(added.includes(axis) ? 1 : rest.shift());
    return setSame(context, shape);
  },
});

export const squeezeRules = [squeeze, unsqueeze];
