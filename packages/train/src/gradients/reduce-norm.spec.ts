import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';

const POSITIVE = Array.from({ length: 12 }, (_, i) => 0.3 + 0.1 * ((i * 5) % 12));

describe.each(['ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSum', 'ReduceLogSumExp'])('%s', (op) => {
  test.each([[[1]], [[0, -1]], [undefined]])('over %j', (axes) => {
    const x = op === 'ReduceLogSum' ? { shape: [2, 3, 2], data: POSITIVE } : { shape: [2, 3, 2] };
    for (const keepdims of [0, 1]) {
      checkGradient({ x }, (g, { x }) => g.op(op, axes ? [x, g.int64(axes)] : [x], { keepdims }));
    }
  });

  test('of single elements, where empty axes mean none', () => {
    checkGradient({ x: { shape: [12], data: POSITIVE } }, (g, { x }) => g.op(op, [x], { noop_with_empty_axes: 1 }));
  });
});

test('the Euclidean norm of zeros has the gradient 0', () => {
  const g = emptyEmitter();
  g.output(g.sum(g.op('ReduceL2', [g.input('x', 'float32', [3])]), [0]), 'loss');
  const { model } = differentiate(g.model, { loss: 'loss', wrt: ['x'] });
  const results = evaluate(model, { x: Tensor.of('float32', [3], new Float32Array(3)) });
  expect([...results['gradient/x']!.toFloat32()]).toEqual([0, 0, 0]);
});
