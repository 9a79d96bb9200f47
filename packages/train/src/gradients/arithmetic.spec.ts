import { checkGradient } from '../testing/check-gradient.js';

describe.each(['Add', 'Sub', 'Mul', 'Div'])('%s', (op) => {
  test.each([
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3]],
    [
      [2, 1, 3],
      [4, 1],
    ],
    [[], [2, 2]],
  ])('of %j and %j', (a, b) => {
    checkGradient({ a: { shape: a }, b: { shape: b } }, (g, { a, b }) => g.op(op, [a, b]));
  });
});
