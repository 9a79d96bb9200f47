import { checkGradient } from '../testing/check-gradient.js';

test.each([
  [0, undefined],
  [1, undefined],
  [0, 1],
  [1, -1],
])('Trilu, upper %i, diagonal %s', (upper, k) => {
  checkGradient({ x: { shape: [2, 3, 4] } }, (g, { x }) =>
    g.op('Trilu', k === undefined ? [x] : [x, g.int64(k)], { upper }),
  );
});
