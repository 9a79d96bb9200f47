import { checkGradient } from '../testing/check-gradient.js';

describe.each(['Softmax', 'LogSoftmax'])('%s', (op) => {
  test.each([0, 1, 2, -1, -3])('along axis %d', (axis) => {
    checkGradient({ x: { shape: [2, 3, 4] } }, (g, { x }) => g.op(op, [x], { axis }));
  });

  test('along the last axis by default, of one element, and of large numbers', () => {
    checkGradient({ x: { shape: [2, 3] } }, (g, { x }) => g.op(op, [x]));
    checkGradient({ x: { shape: [2, 1] } }, (g, { x }) => g.op(op, [x]));
    checkGradient({ x: { shape: [4], data: [900, 901, 899.5, 900.7] } }, (g, { x }) => g.op(op, [x]));
  });
});
