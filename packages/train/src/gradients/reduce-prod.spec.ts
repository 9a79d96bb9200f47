import { checkGradient } from '../testing/check-gradient.js';

test.each([[[1]], [[0, 2]], [undefined]])('ReduceProd over %j', (axes) => {
  for (const keepdims of [0, 1]) {
    checkGradient({ x: { shape: [2, 3, 2] } }, (g, { x }) =>
      g.op('ReduceProd', axes ? [x, g.int64(axes)] : [x], { keepdims }),
    );
  }
});

test('of none, one and two zeros in a group', () => {
  const x = { shape: [3, 3], data: [2, 3, -4, 2, 0, 5, 0, 7, 0] };
  checkGradient({ x }, (g, { x }) => g.op('ReduceProd', [x, g.int64([1])]));
});

test('of nothing, where empty axes mean none', () => {
  checkGradient({ x: { shape: [3] } }, (g, { x }) => g.op('ReduceProd', [x], { noop_with_empty_axes: 1 }));
});
