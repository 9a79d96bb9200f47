import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';

describe.each(['ReduceMax', 'ReduceMin'])('%s', (op) => {
  test.each([[[1]], [[-1, 0]], [undefined]])('over %j', (axes) => {
    for (const keepdims of [0, 1]) {
      checkGradient({ x: { shape: [2, 3, 4] } }, (g, { x }) => g.op(op, axes ? [x, g.int64(axes)] : [x], { keepdims }));
    }
  });

  test('equal elements share the gradient evenly', () => {
    const g = emptyEmitter();
    const x = g.input('x', 'float32', [2, 4]);
    g.output(g.sum(g.op(op, [x, g.int64([1])]), [0, 1]), 'loss');
    const { model } = differentiate(g.model, { loss: 'loss', wrt: ['x'] });
    const data = op === 'ReduceMax' ? [3, 1, 3, 2, 0, 0, 0, 0] : [1, 2, 1, 3, 0, 0, 0, 0];
    const results = evaluate(model, { x: Tensor.of('float32', [2, 4], Float32Array.from(data)) });
    expect([...results['gradient/x']!.toFloat32()]).toEqual([0.5, 0, 0.5, 0, 0.25, 0.25, 0.25, 0.25]);
  });
});
