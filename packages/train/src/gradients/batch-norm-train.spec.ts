import { attribute, type Value } from '@gossamer/graph';
import type { Attributes, Emitter } from '../emit/emitter.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';
import { differentiate } from '../differentiate.js';

const train = (g: Emitter, inputs: readonly Value[], attributes: Attributes = {}) =>
  g.call('BatchNormTrain', inputs, { epsilon: attribute.float(1e-3), ...attributes }, 4);

const VECTORS = { scale: { shape: [3], data: [0.7, -1.2, 1.5] }, bias: { shape: [3] } };

test.each([[[4, 3]], [[2, 3, 4]], [[2, 3, 2, 2]], [[1, 3, 5]]])('of x %j', (shape) => {
  checkGradient({ x: { shape }, ...VECTORS }, (g, { x, scale, bias }) => train(g, [x, scale, bias])[0]!);
});

test.each<Attributes>([
  { activation: 'relu' },
  { activation: 'clip', activation_alpha: attribute.float(-0.5), activation_beta: attribute.float(1) },
])('with %j', (activation) => {
  checkGradient({ x: { shape: [2, 3, 4] }, ...VECTORS }, (g, { x, scale, bias }) => {
    return train(g, [x, scale, bias], activation)[0]!;
  });
});

test('a loss of the batch statistics is refused', () => {
  const g = emptyEmitter();
  const inputs = [g.input('x', 'float32', [4, 3]), g.input('scale', 'float32', [3]), g.input('bias', 'float32', [3])];
  g.output(g.sum(train(g, inputs)[1]!, [0]), 'loss');
  expect(() => differentiate(g.model, { loss: 'loss', wrt: ['x'] })).toThrow(
    expect.objectContaining({ code: 'ERR_NO_GRADIENT' }) as Error,
  );
});
