import { checkGradient } from '../testing/check-gradient.js';

test('Reshape, Flatten, Squeeze, Unsqueeze and Identity', () => {
  checkGradient({ x: { shape: [2, 1, 6] } }, (g, { x }) => {
    const flat = g.op('Flatten', [g.op('Reshape', [x, g.int64([0, 3, -1])])]);
    return g.op('Squeeze', [g.op('Identity', [g.op('Unsqueeze', [flat, g.int64([1])])]), g.int64([1])]);
  });
});
