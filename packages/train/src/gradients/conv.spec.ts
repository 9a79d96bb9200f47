import { checkGradient } from '../testing/check-gradient.js';

/** x, w, attributes; with a bias of w[0]. */
test.each<[string, number[], number[], Record<string, string | number | number[]>]>([
  ['3x3, padded', [2, 3, 5, 4], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  ['5x5 without padding', [2, 2, 6, 7], [3, 2, 5, 5], {}],
  ['1x1', [2, 3, 4, 4], [5, 3, 1, 1], {}],
  ['1x1, stride 2', [2, 3, 5, 4], [4, 3, 1, 1], { strides: [2, 2] }],
  ['stride 2, a rest at the end', [2, 3, 6, 7], [2, 3, 3, 3], { strides: [2, 3], pads: [1, 0, 0, 1] }],
  ['dilated, uneven pads', [1, 2, 7, 6], [3, 2, 3, 2], { dilations: [2, 3], pads: [0, 2, 3, 1] }],
  ['depthwise', [2, 3, 5, 5], [3, 1, 3, 3], { group: 3, pads: [1, 1, 1, 1] }],
  ['depthwise, two outputs a channel, stride 2', [2, 2, 5, 5], [4, 1, 3, 3], { group: 2, strides: [2, 2] }],
  ['groups', [2, 4, 5, 4], [6, 2, 3, 3], { group: 2, pads: [1, 0, 1, 0] }],
  ['groups, strides and dilations', [1, 4, 7, 7], [2, 2, 2, 2], { group: 2, strides: [2, 1], dilations: [1, 2] }],
  ['SAME_UPPER', [1, 2, 5, 6], [3, 2, 2, 4], { auto_pad: 'SAME_UPPER', strides: [2, 1] }],
  ['SAME_LOWER', [1, 2, 5, 6], [3, 2, 2, 4], { auto_pad: 'SAME_LOWER' }],
  ['pads larger than the kernel', [1, 1, 3, 3], [2, 1, 2, 2], { pads: [3, 2, 1, 4] }],
  ['1-D', [2, 3, 7], [4, 3, 3], { pads: [1, 2], strides: [2] }],
  ['1-D depthwise', [2, 3, 7], [3, 1, 3], { group: 3, pads: [2, 0] }],
  ['3-D', [1, 2, 3, 4, 3], [2, 2, 2, 2, 3], { pads: [1, 0, 1, 0, 1, 1] }],
])('Conv, %s', (_, x, w, attributes) => {
  checkGradient({ x: { shape: x }, w: { shape: w }, b: { shape: [w[0]!] } }, (g, { x, w, b }) =>
    g.op('Conv', [x, w, b], attributes),
  );
});
