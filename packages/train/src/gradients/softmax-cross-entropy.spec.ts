import { attribute, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { checkGradient } from '../testing/check-gradient.js';

describe.each([0, 0.1])('with label smoothing %d', (smoothing) => {
  const loss = (g: Emitter, logits: Value, labels: Value, weights: Value) =>
    g.call('SoftmaxCrossEntropy', [logits, labels, weights], { label_smoothing: attribute.float(smoothing) }, 2);

  test('of vectors, with weights and a position without any', () => {
    checkGradient({ x: { shape: [3, 4] } }, (g, { x }) => {
      const [value, logs] = loss(g, x, g.int64([1, 3, 0]), g.constant([1, 0.5, 0]));
      expect([g.shape(value!), g.shape(logs!)]).toEqual([[], [3, 4]]);
      return value!;
    });
  });

  test('of maps', () => {
    checkGradient({ x: { shape: [2, 3, 2, 2] } }, (g, { x }) => {
      const labels = g.constant([0, 1, 2, 1, 1, 0, 2, 2], 'int64', [2, 2, 2]);
      return loss(g, x, labels, g.expand(g.constant(1), [2, 2, 2]))[0]!;
    });
  });

  test('and what else is made of the logarithms', () => {
    checkGradient({ x: { shape: [3, 4] } }, (g, { x }) => {
      const [value, logs] = loss(g, x, g.int64([1, 3, 0]), g.constant([1, 1, 1]));
      return g.add(value!, g.mul(logs!, logs!));
    });
  });
});
