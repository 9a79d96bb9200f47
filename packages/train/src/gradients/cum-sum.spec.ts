import { checkGradient } from '../testing/check-gradient.js';

test.each([0, 1].flatMap((exclusive) => [0, 1].map((reverse) => [exclusive, reverse])))(
  'CumSum, exclusive %i, reverse %i',
  (exclusive, reverse) => {
    for (const axis of [0, -1]) {
      checkGradient({ x: { shape: [3, 4] } }, (g, { x }) => g.op('CumSum', [x, g.int64(axis)], { exclusive, reverse }));
    }
  },
);
