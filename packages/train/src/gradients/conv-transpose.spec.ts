import { checkGradient } from '../testing/check-gradient.js';

/** x, w, attributes; with a bias of w[1] * group. */
test.each<[string, number[], number[], Record<string, string | number | number[]>]>([
  ['stride 1', [2, 3, 4, 3], [3, 2, 3, 2], { pads: [1, 0, 1, 1] }],
  [
    'stride 2, output_padding',
    [1, 2, 3, 3],
    [2, 3, 3, 3],
    { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] },
  ],
  ['groups', [1, 4, 3, 3], [4, 1, 2, 2], { group: 2, strides: [2, 2] }],
  ['depthwise', [1, 3, 3, 3], [3, 1, 2, 3], { group: 3, strides: [2, 1] }],
  ['dilated, output_padding of a stride', [1, 2, 3, 3], [2, 2, 2, 2], { dilations: [2, 3], output_padding: [1, 0] }],
  ['SAME_UPPER', [1, 2, 3, 3], [2, 2, 4, 3], { strides: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['SAME_LOWER', [1, 2, 3, 3], [2, 2, 4, 4], { strides: [1, 2], auto_pad: 'SAME_LOWER' }],
  ['output_shape', [1, 2, 3, 3], [2, 2, 3, 3], { strides: [2, 2], output_shape: [6, 8] }],
  ['1-D', [2, 2, 4], [2, 3, 3], { strides: [3], pads: [1, 0] }],
])('ConvTranspose, %s', (_, x, w, attributes) => {
  const group = (attributes['group'] as number | undefined) ?? 1;
  checkGradient({ x: { shape: x }, w: { shape: w }, b: { shape: [w[1]! * group] } }, (g, { x, w, b }) =>
    g.op('ConvTranspose', [x, w, b], attributes),
  );
});
