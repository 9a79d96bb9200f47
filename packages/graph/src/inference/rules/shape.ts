import { productOf } from '../dims.js';
import { defineRule } from '../rule.js';

/** Shape, with the [start, end) of version 15: bounds are clamped to the rank. */
const shapeRule = defineRule({
  op: 'Shape',
  infer(node, context) {
    const shape = context.shapeOf(0);
    if (!shape) return context.setTensor(0, 'int64', [undefined]);
    const picked = shape.slice(node.int('start', 0), node.int('end', shape.length));
    return context.setTensor(0, 'int64', [picked.length], picked);
  },
});

const sizeRule = defineRule({
  op: 'Size',
  infer(_, context) {
    const shape = context.shapeOf(0);
    context.setTensor(0, 'int64', [], [shape && productOf(shape)]);
  },
});

export const shapeRules = [shapeRule, sizeRule];
