import { checkGradient } from '../testing/check-gradient.js';

test('Mod of floats, broadcast', () => {
  const inputs = {
    a: { shape: [2, 3], data: [3.1, -2.2, 0.4, 5.3, -7.7, 1.2] },
    b: { shape: [3], data: [1.3, 0.9, -1.7] },
  };
  checkGradient(inputs, (g, { a, b }) => g.op('Mod', [a, b], { fmod: 1 }));
  checkGradient({ a: inputs.a }, (g, { a }) => g.op('Mod', [a, g.constant([1.3, 0.9, 1.7])], { fmod: 1 }));
});
