import { checkGradient } from '../testing/check-gradient.js';

test.each([
  [
    [3, 4],
    [4, 2],
  ],
  [
    [2, 3, 4],
    [4, 2],
  ],
  [
    [2, 3, 4],
    [2, 4, 2],
  ],
  [
    [2, 1, 3, 4],
    [5, 4, 2],
  ],
  [[4], [4, 2]],
  [[2, 3, 4], [4]],
  [[4], [4]],
])('MatMul of %j and %j', (a, b) => {
  checkGradient({ a: { shape: a }, b: { shape: b } }, (g, { a, b }) => g.op('MatMul', [a, b]));
});
