import { GraphBuilder } from '../builder.js';
import { attribute } from '../ir/attribute.js';
import { Tensor } from '../ir/tensor.js';
import { errorCode } from '../testing/error-code.js';
import { evaluate } from './evaluate.js';
import { expectLikeOrt } from './testing/expect-like-ort.js';
import { numbers, runInOrt } from './testing/ort.js';

/** Sums of fewer than 64 products of numbers below 4, and transcendental functions of them, rounded to float32. */
const bound = 64 * 4 * 2 ** -22;

const strings = (...values: string[]) => attribute.strings(values);
const floats = (...values: number[]) => attribute.floats(values);

describe('activations take their parameters in turn, those without any none', () => {
  const inputs = (gates: number) => [
    numbers([4, 2, 3], 1),
    numbers([2, gates * 5, 3], 2),
    numbers([2, gates * 5, 5], 3),
  ];
  const both = { hidden_size: 5, direction: 'bidirectional' };

  test('LSTM', async () => {
    const activations = strings('Sigmoid', 'LeakyRelu', 'Tanh', 'HardSigmoid', 'Affine', 'Softsign');
    const attributes = {
      ...both,
      activations,
      activation_alpha: floats(0.3, 0.25, 0.8),
      activation_beta: floats(0.4, 0.1),
    };
    await expectLikeOrt('LSTM', inputs(4), attributes, { outputs: 3, bound });
  });

  test('GRU', async () => {
    const activations = strings('Sigmoid', 'Elu', 'HardSigmoid', 'ScaledTanh');
    const attributes = {
      ...both,
      activations,
      activation_alpha: floats(0.7, 0.3, 0.6),
      activation_beta: floats(0.4, 0.9),
    };
    await expectLikeOrt('GRU', inputs(3), attributes, { outputs: 2, bound });
  });

  test('RNN', async () => {
    const activations = strings('Softplus', 'ThresholdedRelu');
    const attributes = { ...both, activations, activation_alpha: floats(0.2) };
    await expectLikeOrt('RNN', inputs(1), attributes, { outputs: 2, bound });
  });
});

describe('Scan before opset 9, over a batch of sequences of different lengths', () => {
  /** Running sums: the last of each item, and all of them. */
  function sums(lengths: readonly number[]) {
    const g = new GraphBuilder('net', { opset: 8, irVersion: 4 });
    const body = new GraphBuilder('body');
    const next = body.op('Add', [body.input('s', 'float32', [2]), body.input('e', 'float32', [2])]);
    body.output(next, 'next', 'float32').output(body.op('Identity', [next]), 'shown', 'float32');
    const lens = g.graph.addInitializer('lens', Tensor.fromNumbers('int64', [2], lengths));
    const start = g.graph.addInitializer('start', Tensor.fromNumbers('float32', [2, 2], [1, 2, 3, 4]));
    const x = g.input('x', 'float32', [2, 4, 2]);
    const attributes = { body: attribute.graph(body.graph), num_scan_inputs: 1 };
    const [last, all] = g.ops('Scan', [lens, start, x], attributes, { outputs: 2 });
    return g.output(last!, 'last', 'float32').output(all!, 'all', 'float32').model();
  }

  test('what is stacked ends in zeros', async () => {
    const [model, feeds] = [sums([4, 2]), { x: numbers([2, 4, 2], 1) }];
    const [ours, theirs] = [evaluate(model, feeds), await runInOrt(model, feeds)];
    for (const name of ['last', 'all']) {
      expect(ours[name]!.dims).toEqual(theirs[name]!.dims);
      expect(ours[name]!.toFloat32()).toEqual(theirs[name]!.toFloat32());
    }
    expect(ours['all']!.toFloat32().slice(12)).toEqual(new Float32Array(4));
  });

  test('a length beyond the data is refused', () => {
    expect(errorCode(() => evaluate(sums([4, 5]), { x: numbers([2, 4, 2], 1) }))).toBe('ERR_EVAL_VALUE');
  });
});
