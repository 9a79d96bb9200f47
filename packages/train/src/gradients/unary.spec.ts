import { checkGradient } from '../testing/check-gradient.js';

const SIGNED = [-0.93, -0.71, -0.4, -0.12, 0.08, 0.33, 0.66, 0.9];
const POSITIVE = [0.11, 0.3, 0.72, 1.2, 2.5, 4, 7, 9];
const ABOVE_ONE = [1.2, 1.5, 1.9, 2.5, 3, 4, 6, 9];

test.each([
  ['Neg', SIGNED],
  ['Abs', SIGNED],
  ['Exp', SIGNED],
  ['Log', POSITIVE],
  ['Sqrt', POSITIVE],
  ['Reciprocal', SIGNED.map((x) => x + Math.sign(x))],
  ['Sin', SIGNED],
  ['Cos', SIGNED],
  ['Tan', SIGNED],
  ['Asin', SIGNED],
  ['Acos', SIGNED],
  ['Atan', SIGNED],
  ['Sinh', SIGNED],
  ['Cosh', SIGNED],
  ['Asinh', SIGNED],
  ['Acosh', ABOVE_ONE],
  ['Atanh', SIGNED],
  ['Softsign', SIGNED],
])('%s', (op, data) => {
  checkGradient({ x: { shape: [2, 4], data } }, (g, { x }) => g.op(op, [x]));
});

test.each(['Ceil', 'Floor', 'Round', 'Sign', 'Hardmax'])('nothing flows through %s', (op) => {
  checkGradient({ x: { shape: [2, 4], data: SIGNED } }, (g, { x }) => g.add(x, g.op(op, [x])));
});
