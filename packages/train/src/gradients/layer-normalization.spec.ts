import { attribute } from '@gossamer/graph';
import { differentiate } from '../differentiate.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';

describe.each([-1, 1, 2])('LayerNormalization from axis %d on', (axis) => {
  const shape = [2, 3, 4].slice(axis);
  const inputs = { x: { shape: [2, 3, 4] }, scale: { shape }, bias: { shape } };
  const attributes = { axis, epsilon: attribute.float(0.01) };

  test.each([1, 3])('with %d outputs', (outputs) => {
    checkGradient(
      inputs,
      (g, { x, scale, bias }) => g.ops('LayerNormalization', [x, scale, bias], attributes, { outputs })[0]!,
    );
  });

  test('without a bias', () => {
    checkGradient({ x: inputs.x, scale: inputs.scale }, (g, { x, scale }) =>
      g.op('LayerNormalization', [x, scale], attributes),
    );
  });
});

test('a loss of the statistics is refused', () => {
  const g = emptyEmitter();
  const x = g.input('x', 'float32', [2, 3]);
  const [, mean] = g.ops('LayerNormalization', [x, g.constant([1, 1, 1])], {}, { outputs: 3 });
  g.output(g.sum(mean!, [0, 1]), 'loss');
  expect(() => differentiate(g.model, { loss: 'loss', wrt: ['x'] })).toThrow(
    expect.objectContaining({ code: 'ERR_NO_GRADIENT' }) as Error,
  );
});
