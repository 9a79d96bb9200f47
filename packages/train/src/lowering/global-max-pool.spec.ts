import { checkGradient } from '../testing/check-gradient.js';
import { lowered } from '../testing/lowered.js';

test('GlobalMaxPool', () => {
  checkGradient({ x: { shape: [2, 3, 4, 2] } }, (g, { x }) => lowered(g, g.op('GlobalMaxPool', [x]))[0]!);
});
