import { attribute, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { emptyEmitter } from '../testing/check-gradient.js';
import { expandFunctions } from './expand-functions.js';

/** Loss times `factor` and gradient of logits [2, 3] with labels 2 and 0. */
function run(logits: readonly number[], weights: readonly number[], smoothing = 0, factor = 1) {
  const g = emptyEmitter();
  const inputs = [g.input('x', 'float32', [2, 3]), g.int64([2, 0]), g.constant(weights)];
  const [loss] = g.call('SoftmaxCrossEntropy', inputs, { label_smoothing: attribute.float(smoothing) }, 2);
  g.output(g.scale(loss!, factor), 'loss');
  const { model } = differentiate(g.model, { loss: 'loss', wrt: ['x'] });
  const results = evaluate(expandFunctions(model), { x: Tensor.of('float32', [2, 3], Float32Array.from(logits)) });
  return { loss: results['loss']!.toFloat32()[0]!, gradient: [...results['gradient/x']!.toFloat32()] };
}

test('even logits cost the logarithm of the number of classes', () => {
  const { loss, gradient } = run([1, 1, 1, 5, 5, 5], [1, 1]);
  expect(loss).toBeCloseTo(Math.log(3), 6);
  [1 / 6, 1 / 6, -1 / 3, -1 / 3, 1 / 6, 1 / 6].forEach((want, i) => expect(gradient[i]).toBeCloseTo(want, 6));
});

test('a position without weight has no part', () => {
  expect(run([1, 2, 3, 7, 0, 0], [1, 0]).loss).toBeCloseTo(run([1, 2, 3, 0, 9, 0], [1, 0]).loss, 6);
  // + 0 makes -0 to 0.
  expect(
    run([1, 2, 3, 7, 0, 0], [1, 0])
      .gradient.slice(3)
      .map((value) => value + 0),
  ).toEqual([0, 0, 0]);
});

test('without any weight loss and gradient are 0', () => {
  for (const factor of [1, 65536]) {
    const { loss, gradient } = run([1, 2, 3, 4, 5, 6], [0, 0], 0, factor);
    expect(loss + 0).toBe(0);
    expect(gradient.map((value) => value + 0)).toEqual([0, 0, 0, 0, 0, 0]);
  }
});

test('large logits stay finite', () => {
  const { loss, gradient } = run([1e4, 0, -1e4, 0, 0, 0], [1, 0]);
  expect(loss).toBe(2e4);
  expect(gradient.slice(0, 3)).toEqual([1, 0, -1]);
});

test('smoothing mixes the mean over the classes in', () => {
  const logits = [0, 0, 2, 0, 0, 0];
  const total = Math.log(2 + Math.exp(2));
  const want = 0.9 * (total - 2) + 0.1 * (total - 2 / 3);
  expect(run(logits, [1, 0], 0.1).loss).toBeCloseTo(want, 6);
});
