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
])('LayerNormalization with a scale %j and a bias %j', (scale, bias) => {
  const inputs = { x: { shape: [2, 3, 4] }, scale: { shape: scale }, bias: { shape: bias } };
  checkLowering(inputs, (g, { x, scale, bias }) => g.op('LayerNormalization', [x, scale, bias], attributes));
});

test('LayerNormalization without a bias', () => {
  checkLowering({ x: { shape: [2, 3, 4] }, scale: { shape: [4] } }, (g, { x, scale }) =>
    g.op('LayerNormalization', [x, scale]),
  );
});
