import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';

const base = { shape: [2, 3], data: [0.2, 0.5, 1.3, 2, 0.9, 3] };

test.each([0, 1, 2, 3, 0.5, -0.5, -1, 1.7])('a constant exponent of %d', (exponent) => {
  checkGradient({ a: base }, (g, { a }) => g.op('Pow', [a, g.constant(exponent)]));
  checkGradient({ a: base }, (g, { a }) => g.op('Pow', [a, g.constant([exponent, exponent, exponent])]));
});

test('an integer exponent, and a negative base', () => {
  checkGradient({ a: { shape: [4] } }, (g, { a }) => g.op('Pow', [a, g.int64(3)]));
  checkGradient({ a: { shape: [4] } }, (g, { a }) => g.op('Pow', [a, g.int64([1, 2, 3, 0])]));
});

test('a constant base, broadcast, to exponents', () => {
  checkGradient({ b: { shape: [2, 3] } }, (g, { b }) => g.op('Pow', [g.constant([0.5, 1.5, 2]), b]));
});

test('variable base and exponent, broadcast either way', () => {
  checkGradient({ a: base, b: { shape: [3] } }, (g, { a, b }) => g.op('Pow', [a, b]));
  checkGradient({ a: { shape: [1], data: [1.4] }, b: { shape: [2, 2] } }, (g, { a, b }) => g.op('Pow', [a, b]));
});

test('at base 0 the gradients are those of PyTorch', () => {
  const g = emptyEmitter();
  const [a, b] = [g.input('a', 'float32', [4]), g.input('b', 'float32', [4])];
  g.output(g.sum(g.op('Pow', [a, b]), [0]), 'loss');
  const { model } = differentiate(g.model, { loss: 'loss', wrt: ['a', 'b'] });
  const of = (...numbers: number[]) => Tensor.of('float32', [4], Float32Array.from(numbers));
  const results = evaluate(expandFunctions(model), { a: of(0, 0, 0, 0), b: of(0, 1, 2, 0.5) });
  expect([...results['gradient/a']!.toFloat32()]).toEqual([0, 1, 0, Infinity]);
  expect([...results['gradient/b']!.toFloat32()]).toEqual([0, 0, 0, 0]);
});
