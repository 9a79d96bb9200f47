import { checkGradient } from '../testing/check-gradient.js';

test.each(['Sum', 'Mean'])('%s of one and three operands, broadcast', (op) => {
  checkGradient({ a: { shape: [2] } }, (g, { a }) => g.op(op, [a]));
  const inputs = { a: { shape: [2, 1] }, b: { shape: [1, 3] }, c: { shape: [] } };
  checkGradient(inputs, (g, { a, b, c }) => g.op(op, [a, b, c]));
});
