import { checkGradient } from '../testing/check-gradient.js';

type Attributes = Record<string, string | number | number[]>;

describe('MaxPool', () => {
  test.each<[string, number[], Attributes]>([
    ['side by side', [2, 2, 4, 6], { kernel_shape: [2, 3], strides: [2, 3] }],
    ['side by side, a rest at the end', [2, 2, 5, 7], { kernel_shape: [2, 3], strides: [2, 3] }],
    ['overlapping and padded', [2, 2, 5, 6], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['ceil_mode', [1, 2, 5, 6], { kernel_shape: [2, 3], strides: [2, 2], ceil_mode: 1 }],
    ['dilated', [1, 2, 6, 6], { kernel_shape: [2, 2], dilations: [2, 3] }],
    ['SAME_UPPER', [1, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
    ['1-D', [2, 3, 8], { kernel_shape: [2], strides: [2] }],
    ['1-D, overlapping', [2, 3, 8], { kernel_shape: [3], strides: [1], pads: [1, 1] }],
    ['3-D', [1, 2, 4, 2, 4], { kernel_shape: [2, 2, 2], strides: [2, 2, 2] }],
  ])('%s', (_, shape, attributes) => {
    checkGradient({ x: { shape } }, (g, { x }) => g.op('MaxPool', [x], attributes));
  });
});

describe('AveragePool', () => {
  test.each<[string, number[], Attributes]>([
    ['side by side', [2, 2, 4, 6], { kernel_shape: [2, 3], strides: [2, 3] }],
    ['a rest at the end', [2, 2, 5, 7], { kernel_shape: [2, 2], strides: [2, 3] }],
    ['overlapping, padded', [2, 2, 5, 6], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['padding counted', [1, 2, 5, 6], { kernel_shape: [3, 2], pads: [1, 0, 1, 1], count_include_pad: 1 }],
    ['ceil_mode', [1, 2, 5, 6], { kernel_shape: [2, 3], strides: [2, 2], ceil_mode: 1 }],
    [
      'ceil_mode, padding counted',
      [1, 2, 6, 6],
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 0, 0, 1], ceil_mode: 1, count_include_pad: 1 },
    ],
    ['dilated', [1, 2, 6, 6], { kernel_shape: [2, 2], dilations: [2, 3] }],
    ['SAME_LOWER', [1, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2], auto_pad: 'SAME_LOWER' }],
    ['1-D', [2, 3, 8], { kernel_shape: [3], strides: [2] }],
  ])('%s', (_, shape, attributes) => {
    checkGradient({ x: { shape } }, (g, { x }) => g.op('AveragePool', [x], attributes));
  });
});

test('GlobalAveragePool', () => {
  checkGradient({ x: { shape: [2, 3, 4, 2] } }, (g, { x }) => g.op('GlobalAveragePool', [x]));
});
