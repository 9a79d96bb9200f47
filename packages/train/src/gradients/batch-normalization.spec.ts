import { attribute } from '@gossamer/graph';
import { checkGradient } from '../testing/check-gradient.js';

test.each([[[4, 3]], [[2, 3, 2]], [[2, 3, 2, 2]]])('of x %j, by all five inputs', (shape) => {
  const inputs = {
    x: { shape },
    scale: { shape: [3] },
    bias: { shape: [3] },
    mean: { shape: [3] },
    variance: { shape: [3], data: [0.5, 1.3, 2] },
  };
  checkGradient(inputs, (g, { x, scale, bias, mean, variance }) =>
    g.op('BatchNormalization', [x, scale, bias, mean, variance], { epsilon: attribute.float(0.01) }),
  );
});
