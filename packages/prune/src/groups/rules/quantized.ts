import { defineGroupRule } from '../rule.js';

/** QuantizeLinear and DequantizeLinear: scales per tensor or per axis; scales of blocks are frozen. */
export const quantized = defineGroupRule({
  ops: ['QuantizeLinear', 'DequantizeLinear'],
  tie(axes) {
    const { node } = axes;
    const [x, scale, zeroPoint] = node.inputs;
    if (!x || !scale || node.int('block_size', 0) !== 0) return;
    const along = axes.axis(x, node.int('axis', 1));
    for (let axis = 0; axis < axes.rank(x); axis++) axes.tie(x, axis, node.output, axis);
    for (const value of [scale, zeroPoint]) {
      if (!value || axes.rank(value) === 0) continue;
      if (axes.length(value, 0) === 1) axes.pass(value, 0);
      else axes.tie(value, 0, x, along);
    }
  },
});
