import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineGradient, type GradientCall } from './gradient-rule.js';

/** 1 of the type of `like`. */
const one = (g: Emitter, like: Value): Value => g.constant(1, g.dtype(like));

const square = (g: Emitter, x: Value): Value => g.mul(x, x);

const root = (g: Emitter, x: Value): Value => g.op('Sqrt', [x]);

/** dx of functions of one number, by x, y and dy. */
const SLOPES: Readonly<Record<string, (call: GradientCall) => Value>> = {
  Neg: ({ g, dy }) => g.neg(dy),
  // 0 at 0.
  Abs: ({ g, x, dy }) => g.mul(dy, g.op('Sign', [x])),
  Exp: ({ g, y, dy }) => g.mul(dy, y),
  Log: ({ g, x, dy }) => g.div(dy, x),
  Sqrt: ({ g, y, dy }) => g.div(g.scale(dy, 0.5), y),
  Reciprocal: ({ g, y, dy }) => g.neg(g.mul(dy, square(g, y))),
  Sin: ({ g, x, dy }) => g.mul(dy, g.op('Cos', [x])),
  Cos: ({ g, x, dy }) => g.neg(g.mul(dy, g.op('Sin', [x]))),
  Tan: ({ g, y, dy }) => g.mul(dy, g.add(one(g, y), square(g, y))),
  Asin: ({ g, x, dy }) => g.div(dy, root(g, g.sub(one(g, x), square(g, x)))),
  Acos: ({ g, x, dy }) => g.neg(g.div(dy, root(g, g.sub(one(g, x), square(g, x))))),
  Atan: ({ g, x, dy }) => g.div(dy, g.add(one(g, x), square(g, x))),
  Sinh: ({ g, x, dy }) => g.mul(dy, g.op('Cosh', [x])),
  Cosh: ({ g, x, dy }) => g.mul(dy, g.op('Sinh', [x])),
  Asinh: ({ g, x, dy }) => g.div(dy, root(g, g.add(square(g, x), one(g, x)))),
  Acosh: ({ g, x, dy }) => g.div(dy, root(g, g.sub(square(g, x), one(g, x)))),
  Atanh: ({ g, x, dy }) => g.div(dy, g.sub(one(g, x), square(g, x))),
  Softsign: ({ g, x, dy }) => g.div(dy, square(g, g.add(one(g, x), g.op('Abs', [x])))),
};

/** Functions of one number without attributes. */
export const unaryGradient = defineGradient({
  op: Object.keys(SLOPES),
  gradient: (call) => [SLOPES[call.node.op]!(call)],
});
