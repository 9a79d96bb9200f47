import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';

describe.each(['Max', 'Min'])('%s', (op) => {
  test('of two and three operands, broadcast', () => {
    checkGradient({ a: { shape: [2, 3] }, b: { shape: [3] } }, (g, { a, b }) => g.op(op, [a, b]));
    const inputs = { a: { shape: [2, 1] }, b: { shape: [1, 3] }, c: { shape: [] } };
    checkGradient(inputs, (g, { a, b, c }) => g.op(op, [a, b, c]));
  });

  test('of one operand and of a constant', () => {
    checkGradient({ a: { shape: [4] } }, (g, { a }) => g.op(op, [a]));
    checkGradient({ a: { shape: [4] } }, (g, { a }) => g.op(op, [a, g.constant(0)]));
  });

  test('equal operands share the gradient evenly', () => {
    const g = emptyEmitter();
    const [a, b] = [g.input('a', 'float32', [3]), g.input('b', 'float32', [3])];
    g.output(g.sum(g.op(op, [a, b]), [0]), 'loss');
    const { model } = differentiate(g.model, { loss: 'loss', wrt: ['a', 'b'] });
    const same = Tensor.of('float32', [3], Float32Array.of(1, 2, 3));
    const results = evaluate(model, { a: same, b: same });
    for (const name of ['gradient/a', 'gradient/b']) expect([...results[name]!.toFloat32()]).toEqual([0.5, 0.5, 0.5]);
  });
});
