import { checkGradient } from '../testing/check-gradient.js';

const x = { shape: [6], data: [-2, -0.9, -0.3, 0.2, 0.7, 3] };

test('constant bounds, both, one and none', () => {
  checkGradient({ x }, (g, { x }) => g.op('Clip', [x, g.constant(-0.5), g.constant(0.5)]));
  checkGradient({ x }, (g, { x }) => g.op('Clip', [x, undefined, g.constant(0.5)]));
  checkGradient({ x }, (g, { x }) => g.op('Clip', [x, g.constant(-0.5)]));
  checkGradient({ x }, (g, { x }) => g.op('Clip', [x]));
});

test('learned bounds', () => {
  const inputs = { x, low: { shape: [], data: [-0.5] }, high: { shape: [], data: [0.5] } };
  checkGradient(inputs, (g, { x, low, high }) => g.op('Clip', [x, low, high]));
  checkGradient({ x, high: { shape: [], data: [0.5] } }, (g, { x, high }) => g.op('Clip', [x, g.constant(0), high]));
});

test('bounds that cross: the result is the upper one', () => {
  const inputs = { x, low: { shape: [], data: [0.5] }, high: { shape: [], data: [-0.5] } };
  checkGradient(inputs, (g, { x, low, high }) => g.op('Clip', [x, low, high]));
});
