import type { PlainAttribute, Value } from '@gossamer/graph';
import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import type { Emitter } from '../emit/emitter.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { checkGradient, emptyEmitter, sampleNumbers } from '../testing/check-gradient.js';
import { lowered } from '../testing/lowered.js';

const CASES: readonly [string, Readonly<Record<string, PlainAttribute>>][] = [
  ['LpPool', { kernel_shape: [2, 3], strides: [2, 1], pads: [1, 0, 0, 1] }],
  ['LpPool', { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1, p: 1 }],
  ['LpPool', { kernel_shape: [2, 2], dilations: [2, 1], auto_pad: 'SAME_UPPER', p: 3 }],
  ['GlobalLpPool', { p: 3 }],
];

describe.each(CASES)('%s %j', (op, attributes) => {
  const make = (g: Emitter, x: Value) => g.op(op, [x], attributes);

  test('what it is lowered to computes the same', () => {
    const g = emptyEmitter();
    const expected = make(g, g.input('x', 'float32', [2, 2, 5, 5]));
    g.output(lowered(g, expected)[0]!, 'lowered');
    g.output(expected, 'expected');
    const x = Tensor.of('float64', [2, 2, 5, 5], sampleNumbers(100, 1));
    const results = evaluate(g.model, { x }, { precision: 'float64' });
    const want = results['expected']!.toFloat64();
    // 1 / 3 is a float32 constant: a relative error of 2^-25 in the exponent, of values below 10.
    results['lowered']!.toFloat64().forEach((value, i) => expect(Math.abs(value - want[i]!)).toBeLessThan(1e-6));
  });

  test('gradient', () => {
    checkGradient({ x: { shape: [2, 2, 5, 5] } }, (g, { x }) => lowered(g, make(g, x!))[0]!);
  });
});

test('the gradient of a window of zeros is 0', () => {
  const g = emptyEmitter();
  const x = g.input('x', 'float32', [1, 1, 2]);
  const y = lowered(g, g.op('LpPool', [x], { kernel_shape: [2] }))[0]!;
  g.output(g.sum(y, [0, 1, 2]), 'loss');
  const { model } = differentiate(g.model, { loss: 'loss', wrt: ['x'] });
  const zeros = Tensor.of('float32', [1, 1, 2], new Float32Array(2));
  const results = evaluate(expandFunctions(model), { x: zeros });
  expect(Array.from(results['loss']!.toFloat32())).toEqual([0]);
  expect(Array.from(results['gradient/x']!.toFloat32())).toEqual([0, 0]);
});
