import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { emptyEmitter } from '../testing/check-gradient.js';
import { expandFunctions } from './expand-functions.js';

function inputGradient(x: readonly number[], shape: readonly number[], attributes: Record<string, number | number[]>) {
  const g = emptyEmitter();
  const input = g.input('x', 'float32', shape);
  const y = g.op('MaxPool', [input], attributes);
  const count = g.size(y);
  const dy = g.constant(
    Array.from({ length: count }, (_, i) => i + 1),
    'float32',
    g.shape(y),
  );
  g.output(g.call('MaxPoolGrad', [dy, input, y], attributes)[0]!, 'dx');
  const feeds = { x: Tensor.fromNumbers('float32', shape, x) };
  return Array.from(evaluate(expandFunctions(g.model), feeds)['dx']!.toFloat32());
}

test('of equal maxima the first gets the gradient, windows side by side', () => {
  const x = [0, 0, 1, 2, 0, 0, 2, 2];
  expect(inputGradient(x, [1, 1, 2, 4], { kernel_shape: [2, 2], strides: [2, 2] })).toEqual([1, 0, 0, 2, 0, 0, 0, 0]);
});

test('of equal maxima the first gets the gradient, windows overlapping', () => {
  expect(inputGradient([3, 3, 1, 3], [1, 1, 4], { kernel_shape: [3], strides: [1] })).toEqual([1, 2, 0, 0]);
});
