import { attribute } from '@gossamer/graph';
import { checkLowering } from '../testing/check-lowering.js';

test.each([1, 2, 3, 5, 9])('LRN of %d channels', (size) => {
  checkLowering({ x: { shape: [2, 5, 2, 1] } }, (g, { x }) =>
    g.op('LRN', [x], { size, alpha: 0.5, beta: 0.75, bias: attribute.float(1) }),
  );
});
