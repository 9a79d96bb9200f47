import { attribute, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { emptyEmitter } from '../testing/check-gradient.js';

test('GradientScale leaves the value and multiplies its gradient', () => {
  const g = emptyEmitter();
  const x = g.input('x', 'float32', [3]);
  const scaled = g.output(g.call('GradientScale', [x], { factor: attribute.float(0.25) })[0]!, 'y');
  g.output(g.sum(g.mul(scaled, scaled), [0]), 'loss');
  const { model, gradients } = differentiate(g.model, { loss: 'loss', wrt: ['x'] });
  const outputs = evaluate(expandFunctions(model), { x: Tensor.fromNumbers('float32', [3], [1, -2, 3]) });
  expect([...outputs['y']!.toFloat32()]).toEqual([1, -2, 3]);
  expect([...outputs[gradients.get('x')!]!.toFloat32()]).toEqual([0.5, -1, 1.5]);
});
