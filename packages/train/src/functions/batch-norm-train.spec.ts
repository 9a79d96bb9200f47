import { attribute, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { emptyEmitter } from '../testing/check-gradient.js';
import { expandFunctions } from './expand-functions.js';

test('a mean far from 0 loses no digits of the variance', () => {
  const g = emptyEmitter();
  const inputs = [g.input('x', 'float32', [4, 1]), g.constant([1]), g.constant([0])];
  const outputs = g.call('BatchNormTrain', inputs, { epsilon: attribute.float(2 ** -40) }, 4);
  outputs.forEach((value, i) => g.output(value, ['y', 'mean', 'variance', 'inv_std'][i]!));
  const x = Tensor.of('float32', [4, 1], Float32Array.of(4096, 4096.5, 4097, 4097.5));
  const results = evaluate(expandFunctions(g.model), { x });
  expect(results['mean']!.toFloat32()).toEqual(Float32Array.of(4096.75));
  expect(results['variance']!.toFloat32()).toEqual(Float32Array.of(0.3125));
  expect(results['inv_std']!.dims).toEqual([1]);
  expect(results['y']!.toFloat32()[0]).toBeCloseTo(-0.75 / Math.sqrt(0.3125), 6);
});
