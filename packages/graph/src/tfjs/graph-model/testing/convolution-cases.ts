import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, image, list, type OperatorCase, x } from './operator-case.js';

const filter = tf.randomNormal([3, 2, 4, 5], 0, 0.3, 'float32', 6);
const depthwise = tf.randomNormal([3, 3, 4, 2], 0, 0.3, 'float32', 7);
const bias = tf.randomNormal([5], 0, 1, 'float32', 8);
const wideBias = tf.randomNormal([8], 0, 1, 'float32', 9);
const sliding = (padding: string, stride = 1, dilation = 1): Attributes => ({
  strides: [1, stride, stride, 1],
  dilations: [1, dilation, dilation, 1],
  padding,
  data_format: 'NHWC',
});

const volume = tf.randomNormal([2, 5, 6, 4, 3], 0, 1, 'float32', 13);
const sliding3d: Attributes = {
  strides: [1, 2, 2, 2, 1],
  padding: 'SAME',
  data_format: 'NDHWC',
  dilations: [1, 1, 1, 1, 1],
};

export const convolutionCases: readonly OperatorCase[] = [
  ...['VALID', 'SAME'].flatMap((padding) => [
    { op: 'Conv2D', feeds: x(image), operands: ['x', filter], attributes: sliding(padding, 2), tolerance: 1e-5 },
    {
      op: 'DepthwiseConv2dNative',
      feeds: x(image),
      operands: ['x', depthwise],
      attributes: sliding(padding, 2),
      tolerance: 1e-5,
    },
    { op: 'MaxPool', feeds: x(image), operands: ['x'], attributes: { ksize: [1, 3, 2, 1], ...sliding(padding, 2) } },
    { op: 'AvgPool', feeds: x(image), operands: ['x'], attributes: { ksize: [1, 3, 2, 1], ...sliding(padding, 2) } },
  ]),
  {
    op: 'Conv2D',
    feeds: x(image),
    operands: ['x', filter],
    attributes: sliding('SAME', 1, 2),
    tolerance: 1e-5,
    note: 'dilated',
  },
  {
    op: 'Conv2D',
    note: 'explicit padding',
    feeds: x(image),
    operands: ['x', filter],
    attributes: { ...sliding('EXPLICIT', 2), explicit_paddings: [0, 0, 1, 0, 2, 1, 0, 0] },
    tolerance: 1e-5,
  },
  ...[['BiasAdd'], ['BiasAdd', 'Relu'], ['BiasAdd', 'Relu6'], ['BiasAdd', 'Elu'], ['BiasAdd', 'Sigmoid']].map(
    (ops): OperatorCase => ({
      op: '_FusedConv2D',
      note: ops.join(' '),
      feeds: x(image),
      operands: ['x', filter, bias],
      attributes: { ...sliding('SAME'), fused_ops: ops, num_args: 1 },
      tolerance: 1e-5,
    }),
  ),
  {
    op: '_FusedConv2D',
    note: 'BiasAdd LeakyRelu',
    feeds: x(image),
    operands: ['x', filter, bias],
    attributes: { ...sliding('SAME'), fused_ops: ['BiasAdd', 'LeakyRelu'], num_args: 1, leakyrelu_alpha: { f: 0.1 } },
    tolerance: 1e-5,
  },
  {
    op: '_FusedConv2D',
    note: 'BiasAdd Prelu',
    feeds: x(image),
    operands: ['x', filter, bias, tf.randomNormal([5], 0, 1, 'float32', 10)],
    attributes: { ...sliding('SAME'), fused_ops: ['BiasAdd', 'Prelu'], num_args: 2 },
    tolerance: 1e-5,
  },
  {
    op: 'FusedDepthwiseConv2dNative',
    feeds: x(image),
    operands: ['x', depthwise, wideBias],
    attributes: { ...sliding('SAME'), fused_ops: ['BiasAdd', 'Relu'], num_args: 1 },
    tolerance: 1e-5,
  },
  {
    op: 'Conv2DBackpropInput',
    feeds: x(image),
    operands: [list(2, 14, 12, 6), tf.randomNormal([3, 3, 6, 4], 0, 0.3, 'float32', 11), 'x'],
    attributes: sliding('SAME', 2),
    tolerance: 1e-5,
  },
  {
    op: 'Conv2DBackpropInput',
    note: 'output the stride does not divide',
    feeds: x(image),
    operands: [list(2, 13, 11, 6), tf.randomNormal([3, 3, 6, 4], 0, 0.3, 'float32', 11), 'x'],
    attributes: sliding('SAME', 2),
    tolerance: 1e-5,
  },
  {
    op: 'Conv3D',
    feeds: x(volume),
    operands: ['x', tf.randomNormal([2, 3, 2, 3, 4], 0, 0.3, 'float32', 14)],
    attributes: sliding3d,
    tolerance: 1e-5,
  },
  { op: 'MaxPool3D', feeds: x(volume), operands: ['x'], attributes: { ksize: [1, 2, 3, 2, 1], ...sliding3d } },
  { op: 'AvgPool3D', feeds: x(volume), operands: ['x'], attributes: { ksize: [1, 2, 3, 2, 1], ...sliding3d } },
  { op: 'DepthwiseConv2d', feeds: x(image), operands: ['x', depthwise], attributes: sliding('SAME'), tolerance: 1e-5 },
];
