import type { PlainAttribute } from '../builder.js';
import { attribute } from '../ir/attribute.js';
import { Tensor } from '../ir/tensor.js';
import { expectLikeOrt } from './testing/expect-like-ort.js';
import { numbers } from './testing/ort.js';

/** Sums of fewer than 64 products of numbers below 4, and transcendental functions of them, rounded to float32. */
const bound = 64 * 4 * 2 ** -22;

type Attributes = Record<string, PlainAttribute>;
const compare = (op: string, inputs: readonly (Tensor | undefined)[], attributes: Attributes) =>
  expectLikeOrt(`com.microsoft::${op}`, inputs, attributes, { bound });
const floats = (...values: number[]) => attribute.floats(values);

describe('FusedConv', () => {
  const inputs = [numbers([2, 4, 6, 5], 1), numbers([6, 2, 3, 3], 2), numbers([6], 3)];
  const attributes = { group: 2, pads: [1, 1, 1, 1] };

  test.each<[string, Attributes]>([
    ['Relu', {}],
    ['Tanh', {}],
    ['Sigmoid', {}],
    ['LeakyRelu', { activation_params: floats(0.3) }],
    ['Clip', { activation_params: floats(-0.5, 0.75) }],
    ['HardSigmoid', { activation_params: floats(0.3, 0.4) }],
  ])('%s', async (activation, parameters) => {
    await compare('FusedConv', inputs, { ...attributes, activation, ...parameters });
  });

  test('with an addend, without an activation', async () => {
    await compare('FusedConv', [...inputs, numbers([2, 6, 6, 5], 4)], { ...attributes, activation: 'Relu' });
    await compare('FusedConv', inputs, attributes);
  });
});

test.each<[string, Attributes]>([
  ['Relu', {}],
  ['Sigmoid', {}],
  ['Tanh', {}],
  ['Softplus', {}],
  ['Softsign', {}],
  ['LeakyRelu', { activation_alpha: attribute.float(0.3) }],
  ['ThresholdedRelu', { activation_alpha: attribute.float(0.2) }],
  ['Elu', { activation_alpha: attribute.float(0.7) }],
  ['HardSigmoid', { activation_alpha: attribute.float(0.3), activation_beta: attribute.float(0.4) }],
])('FusedGemm, %s', async (activation, parameters) => {
  const inputs = [numbers([5, 3], 1), numbers([4, 5], 2), numbers([4], 3)];
  const attributes = { transA: 1, transB: 1, alpha: attribute.float(0.5), beta: attribute.float(2) };
  await compare('FusedGemm', inputs, { ...attributes, activation, ...parameters });
});

test('ConvTransposeWithDynamicPads', async () => {
  const pads = Tensor.fromNumbers('int64', [4], [1, 0, 2, 1]);
  const inputs = [numbers([1, 4, 5, 4], 1), numbers([4, 3, 3, 3], 2), pads, numbers([6], 3)];
  await compare('ConvTransposeWithDynamicPads', inputs, { group: 2, strides: [2, 1] });
});

test('TransposeMatMul', async () => {
  await compare('TransposeMatMul', [numbers([2, 5, 3], 1), numbers([2, 4, 5], 2)], { transA: 1, transB: 1 });
});

test.each([
  { transBatchA: 1, transA: 0, a: [5, 2, 3, 4], b: [2, 3, 4, 6] },
  { transBatchA: 1, transA: 1, a: [4, 2, 3, 5], b: [2, 3, 4, 6] },
])('FusedMatMul with the first axis moved to the matrix: $a', async ({ a, b, ...attributes }) => {
  await compare('FusedMatMul', [numbers(a, 1), numbers(b, 2)], attributes);
  const [left, right] = [numbers([2, 3, 5, 4], 1), numbers([4, 2, 3, 6], 2)];
  await compare('FusedMatMul', [left, right], { transBatchB: 1 });
});

const codes = (dtype: 'uint8' | 'int8', dims: readonly number[], seed: number) =>
  Tensor.fromNumbers(
    dtype,
    dims,
    numbers(dims, seed)
      .toFloat32()
      .map((value) => Math.floor(100 * value) + (dtype === 'uint8' ? 128 : 0)),
  );
const scalar = (value: number) => Tensor.fromNumbers('float32', [], [value]);
const zero = (value: number) => Tensor.fromNumbers('uint8', [], [value]);

test('QLinearConv and NhwcMaxPool, channels last', async () => {
  const [x, w] = [codes('uint8', [2, 6, 5, 4], 1), codes('int8', [3, 4, 3, 2], 2)];
  const zeros = Tensor.fromNumbers('int8', [], [0]);
  const bias = Tensor.fromNumbers('int32', [3], [100, -2000, 500]);
  const inputs = [x, scalar(0.03), zero(120), w, scalar(0.02), zeros, scalar(0.25), zero(130), bias];
  const attributes = { channels_last: 1, pads: [1, 0, 1, 1], strides: [2, 1] };
  await expectLikeOrt('com.microsoft::QLinearConv', inputs, attributes, { bound: 0 });
  await expectLikeOrt('com.microsoft::NhwcMaxPool', [x], { kernel_shape: [3, 2], strides: [2, 1] }, { bound: 0 });
});

test.each([0, 1])('QLinearAveragePool, channels last %i: codes equal but for ties', async (channels_last) => {
  const dims = channels_last ? [2, 6, 5, 3] : [2, 3, 6, 5];
  const inputs = [codes('uint8', dims, 1), scalar(0.03), zero(120), scalar(0.021), zero(130)];
  const attributes = { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1], channels_last };
  await expectLikeOrt('com.microsoft::QLinearAveragePool', inputs, attributes, { bound: 1 });
  const counted = { ...attributes, count_include_pad: 1 };
  await expectLikeOrt('com.microsoft::QLinearAveragePool', inputs, counted, { bound: 1 });
});
