import { attribute, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import type { Attributes } from '../emit/emitter.js';
import { emptyEmitter } from '../testing/check-gradient.js';
import { expandFunctions } from './expand-functions.js';

/** dx of dy = 1 at v. */
function slopes(activation: string, v: readonly number[], parameters: Attributes = {}): number[] {
  const g = emptyEmitter();
  const [dy, at] = [g.input('dy', 'float32', [v.length]), g.input('v', 'float32', [v.length])];
  g.output(g.call('ActivationGrad', [dy, at], { activation, ...parameters })[0]!, 'dx');
  const feeds = {
    dy: Tensor.of('float32', [v.length], new Float32Array(v.length).fill(1)),
    v: Tensor.of('float32', [v.length], Float32Array.from(v)),
  };
  return [...evaluate(expandFunctions(g.model), feeds)['dx']!.toFloat64()];
}

test('at a corner the slope is that of the flat side', () => {
  expect(slopes('relu', [0])).toEqual([0]);
  expect(slopes('leaky', [0], { activation_alpha: 0.25 })).toEqual([0.25]);
  expect(slopes('elu', [0], { activation_alpha: 0.5 })).toEqual([0.5]);
  expect(slopes('hard_sigmoid', [-2, 2], { activation_alpha: 0.25, activation_beta: 0.5 })).toEqual([0, 0]);
  expect(slopes('hard_swish', [-3, 3])).toEqual([0, 1]);
});

test('clip passes its bounds', () => {
  const bounds = { activation_alpha: attribute.float(-1), activation_beta: attribute.float(6) };
  expect(slopes('clip', [-1.5, -1, 0, 6, 7], bounds)).toEqual([0, 1, 1, 1, 0]);
});

test.each(['gelu', 'gelu_tanh', 'silu', 'elu', 'softplus', 'mish'])('%s is 0 and 1 far from 0', (activation) => {
  // + 0 makes -0 to 0.
  expect(slopes(activation, [-200, 200]).map((slope) => slope + 0)).toEqual([0, 1]);
});

test('a name that is none is a mistake of the caller', () => {
  expect(() => slopes('swash', [1])).toThrow('received swash');
});
