import { checkGradient } from '../testing/check-gradient.js';

describe.each(['ReduceSum', 'ReduceMean'])('%s', (op) => {
  test.each([[[1]], [[-1, 0]], [[0, 1, 2]], [undefined]])('over %j', (axes) => {
    for (const keepdims of [0, 1]) {
      checkGradient({ x: { shape: [2, 3, 4] } }, (g, { x }) => g.op(op, axes ? [x, g.int64(axes)] : [x], { keepdims }));
    }
  });

  test('of nothing, where empty axes mean none', () => {
    checkGradient({ x: { shape: [2, 3] } }, (g, { x }) => g.op(op, [x], { noop_with_empty_axes: 1 }));
  });
});
