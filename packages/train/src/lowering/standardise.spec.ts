import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { emptyEmitter } from '../testing/check-gradient.js';
import { checkLowering } from '../testing/check-lowering.js';
import { lowered } from '../testing/lowered.js';

test('MeanVarianceNormalization over the default and other axes', () => {
  checkLowering({ x: { shape: [2, 3, 2, 2] } }, (g, { x }) => g.op('MeanVarianceNormalization', [x]));
  checkLowering({ x: { shape: [2, 3, 4] } }, (g, { x }) => g.op('MeanVarianceNormalization', [x], { axes: [-1] }));
});

test.each([1, 2])('LpNormalization with p = %d', (p) => {
  for (const axis of [0, -1]) {
    checkLowering({ x: { shape: [3, 4] } }, (g, { x }) => g.op('LpNormalization', [x], { p, axis }));
  }
});

test.each(['MeanVarianceNormalization', 'LpNormalization'])('%s of zeros has finite gradients', (op) => {
  const g = emptyEmitter();
  const x = g.input('x', 'float32', [1, 1, 2, 2]);
  g.output(g.sum(lowered(g, g.op(op, [x]))[0]!, [0, 1, 2, 3]), 'loss');
  const { model } = differentiate(g.model, { loss: 'loss', wrt: ['x'] });
  const results = evaluate(expandFunctions(model), { x: Tensor.of('float32', [1, 1, 2, 2], new Float32Array(4)) });
  expect([...results['gradient/x']!.toFloat32()].every(Number.isFinite)).toBe(true);
});
