import { attribute } from '@gossamer/graph';
import { checkLowering } from '../testing/check-lowering.js';

test.each([-1, 1])('RMSNormalization from axis %d on', (axis) => {
  const inputs = { x: { shape: [2, 3, 4] }, scale: { shape: [2, 3, 4].slice(axis) } };
  checkLowering(inputs, (g, { x, scale }) =>
    g.op('RMSNormalization', [x, scale], { axis, epsilon: attribute.float(0.01) }),
  );
});

test('SimplifiedLayerNormalization', () => {
  checkLowering({ x: { shape: [2, 4] }, scale: { shape: [4] } }, (g, { x, scale }) =>
    g.op('SimplifiedLayerNormalization', [x, scale]),
  );
});
