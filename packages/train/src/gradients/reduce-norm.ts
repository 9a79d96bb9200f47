import type { Value } from '@gossamer/graph';
import { defineGradient, type GradientCall } from './gradient-rule.js';
import { keepAxes } from './reduce.js';

/** dx by x and, with the reduced axes kept, by y and dy. */
const SLOPES: Readonly<Record<string, (call: GradientCall, y: Value, dy: Value) => Value>> = {
  ReduceL1: ({ g, x }, _, dy) => g.mul(dy, g.op('Sign', [x])),
  // x / y, and 0 where the norm is 0.
  ReduceL2({ g, x }, y, dy) {
    const divisor = g.where(g.op('Equal', [y, g.constant(0, g.dtype(y))]), g.constant(1, g.dtype(y)), y);
    return g.mul(x, g.div(dy, divisor));
  },
  ReduceSumSquare: ({ g, x }, _, dy) => g.mul(x, g.scale(dy, 2)),
  ReduceLogSum: ({ g, x }, y, dy) => g.expand(g.mul(dy, g.op('Exp', [g.neg(y)])), g.shape(x)),
  ReduceLogSumExp: ({ g, x }, y, dy) => g.mul(dy, g.op('Exp', [g.sub(x, y)])),
};

/** Norms, and logarithms of sums. Exponents are of numbers that are no greater than 0 for ReduceLogSumExp. */
export const reduceNormGradient = defineGradient({
  op: Object.keys(SLOPES),
  gradient(call) {
    const { g, node, y, dy } = call;
    return [SLOPES[node.op]!(call, keepAxes(g, node, y), keepAxes(g, node, dy))];
  },
});
