import { attribute } from '@gossamer/graph';
import type { Attributes } from '../emit/emitter.js';
import { checkGradient } from '../testing/check-gradient.js';

/** Around 0 and on both sides of every corner, at none. */
const DATA = [-4, -2.9, -1.2, -0.6, -0.1, 0.15, 0.7, 1.3, 2.8, 3.5, 6.2, 7];

test.each<[string, Attributes]>([
  ['Relu', {}],
  ['LeakyRelu', {}],
  ['LeakyRelu', { alpha: 0.3 }],
  ['Sigmoid', {}],
  ['Tanh', {}],
  ['Gelu', {}],
  ['Gelu', { approximate: 'tanh' }],
  ['HardSigmoid', {}],
  ['HardSigmoid', { alpha: 0.1, beta: 0.43 }],
  ['HardSwish', {}],
  ['Elu', {}],
  ['Elu', { alpha: attribute.float(2) }],
  ['Softplus', {}],
  ['Mish', {}],
  ['Erf', {}],
])('%s %j', (op, attributes) => {
  checkGradient({ x: { shape: [3, 4], data: DATA } }, (g, { x }) => g.op(op, [x], attributes));
});
