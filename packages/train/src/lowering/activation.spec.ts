import { attribute } from '@gossamer/graph';
import type { Attributes } from '../emit/emitter.js';
import { checkLowering } from '../testing/check-lowering.js';
import { lowered } from '../testing/lowered.js';
import { emptyEmitter } from '../testing/check-gradient.js';

const DATA = [-3, -1.2, -0.7, -0.4, -0.1, 0.2, 0.6, 0.9, 1.4, 2.5];

test.each<[string, Attributes]>([
  ['Selu', {}],
  ['Selu', { alpha: 1.5, gamma: attribute.float(2) }],
  ['Celu', {}],
  ['Celu', { alpha: 0.5 }],
  ['ThresholdedRelu', {}],
  ['ThresholdedRelu', { alpha: 0.5 }],
  ['Shrink', {}],
  ['Shrink', { bias: 0.25, lambd: 0.8 }],
  ['Swish', {}],
  ['Swish', { alpha: 1.5 }],
])('%s %j', (op, attributes) => {
  checkLowering({ x: { shape: [2, 5], data: DATA } }, (g, { x }) => g.op(op, [x], attributes));
});

test('PRelu with a slope for each channel, and one for all', () => {
  checkLowering({ x: { shape: [2, 3, 2] }, slope: { shape: [3, 1] } }, (g, { x, slope }) => g.op('PRelu', [x, slope]));
  checkLowering({ x: { shape: [2, 3, 2] }, slope: { shape: [1] } }, (g, { x, slope }) => g.op('PRelu', [x, slope]));
});

test('SwiGLU', () => {
  checkLowering({ a: { shape: [2, 3] }, b: { shape: [2, 3] } }, (g, { a, b }) => g.op('SwiGLU', [a, b]));
});

test('Celu with a negative alpha is refused', () => {
  const g = emptyEmitter();
  const y = g.op('Celu', [g.input('x', 'float32', [2])], { alpha: attribute.float(-1) });
  expect(() => lowered(g, y)).toThrow(expect.objectContaining({ code: 'ERR_TRAINING_FORM' }) as Error);
});
