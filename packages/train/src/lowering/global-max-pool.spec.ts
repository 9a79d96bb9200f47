import { checkLowering } from '../testing/check-lowering.js';

test('GlobalMaxPool', () => {
  checkLowering({ x: { shape: [2, 3, 4, 2] } }, (g, { x }) => g.op('GlobalMaxPool', [x]));
});
