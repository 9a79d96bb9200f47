import { attribute } from '@gossamer/graph';
import { checkLowering } from '../testing/check-lowering.js';

const attributes = { axis: 1, epsilon: attribute.float(0.01) };

test.each([
  [
    [3, 4],
    [3, 4],
  ],
  [[4], [3, 4]],
  [[3, 1], [1]],
  [
    [1, 3, 4],
    [3, 4],
  ],
])('LayerNormalization with a scale %j and a bias %j', (scale, bias) => {
  const inputs = { x: { shape: [2, 3, 4] }, scale: { shape: scale }, bias: { shape: bias } };
  checkLowering(inputs, (g, { x, scale, bias }) => g.op('LayerNormalization', [x, scale, bias], attributes));
});

test('LayerNormalization without a bias', () => {
  checkLowering({ x: { shape: [2, 3, 4] }, scale: { shape: [4] } }, (g, { x, scale }) =>
    g.op('LayerNormalization', [x, scale]),
  );
});

test('LayerNormalization with a scale of other axes that has as many elements as the normalized ones', () => {
  const inputs = { x: { shape: [3, 2, 3] }, scale: { shape: [3, 1, 1] }, bias: { shape: [3] } };
  checkLowering(inputs, (g, { x, scale, bias }) =>
    g.op('LayerNormalization', [x, scale, bias], { epsilon: attribute.float(0.01) }),
  );
});
