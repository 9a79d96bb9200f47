import { checkGradient } from '../testing/check-gradient.js';

test('Where, branches and condition broadcast', () => {
  const inputs = { x: { shape: [2, 3] }, a: { shape: [3] }, b: { shape: [4, 1, 1] } };
  checkGradient(inputs, (g, { x, a, b }) => g.where(g.op('Less', [x, g.constant(0)]), a, b));
});

test('Where of one value and a constant', () => {
  checkGradient({ x: { shape: [2, 3] } }, (g, { x }) => g.where(g.op('Less', [x, g.constant(0)]), g.constant(3), x));
});
