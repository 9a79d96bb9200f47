import { differentiate } from '../differentiate.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';

test('nothing flows through OneHot by its indices', () => {
  checkGradient({ x: { shape: [2, 3] } }, (g, { x }) => {
    const hot = g.op('OneHot', [g.op('ArgMax', [x], { axis: 1, keepdims: 0 }), g.int64(3), g.constant([0, 1])]);
    return g.mul(x, hot);
  });
});

test('a loss of the values of OneHot is refused', () => {
  const g = emptyEmitter();
  const hot = g.op('OneHot', [g.int64([0, 2]), g.int64(3), g.input('x', 'float32', [2])]);
  g.output(g.sum(hot, [0, 1]), 'loss');
  expect(() => differentiate(g.model, { loss: 'loss', wrt: ['x'] })).toThrow(
    expect.objectContaining({ code: 'ERR_NO_GRADIENT' }) as Error,
  );
});
