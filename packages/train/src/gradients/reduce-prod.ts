import { defineGradient } from './gradient-rule.js';
import { keepAxes, reducedAxes } from './reduce.js';

/**
 * The slope by an element is the product of all others. It is taken as product / element over what is left when zeros are replaced by 1, and
 * is 0 where another element is 0; so a single 0 gets the product of the rest, as in PyTorch.
 */
export const reduceProdGradient = defineGradient({
  op: 'ReduceProd',
  gradient({ g, node, x, dy }) {
    const axes = reducedAxes(g, node);
    if (axes.length === 0) return [dy];
    const [zero, one] = [g.constant(0, g.dtype(x)), g.constant(1, g.dtype(x))];
    const isZero = g.op('Equal', [x, zero]);
    const filled = g.where(isZero, one, x);
    const zeros = g.cast(isZero, g.dtype(x));
    const otherZeros = g.sub(g.sum(zeros, axes, 1), zeros);
    const others = g.div(g.op('ReduceProd', [filled, g.int64(axes)], { keepdims: 1 }), filled);
    return [g.mul(keepAxes(g, node, dy), g.where(g.op('Equal', [otherZeros, zero]), others, zero))];
  },
});
