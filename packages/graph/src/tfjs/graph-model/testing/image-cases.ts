import * as tf from '@tensorflow/tfjs-core';
import { image, list, matrix, type OperatorCase, table, x } from './operator-case.js';

/** Within the image, all of it, turned over and partly outside. */
const CROPS = tf.tensor2d([
  [0.1, 0.2, 0.7, 0.9],
  [0, 0, 1, 1],
  [0.9, 0.8, 0.1, 0.3],
  [-0.3, 0.5, 0.6, 1.4],
]);

export const imageCases: readonly OperatorCase[] = [
  {
    op: 'Pad',
    feeds: x(image),
    operands: ['x', table([0, 0], [1, 2], [0, 3], [0, 0])],
  },
  {
    op: 'PadV2',
    feeds: x(matrix),
    operands: ['x', table([1, 0], [2, 1]), tf.scalar(-3)],
  },
  {
    op: 'MirrorPad',
    feeds: x(image),
    operands: ['x', table([0, 0], [1, 2], [2, 1], [0, 0])],
    attributes: { mode: 'REFLECT' },
  },
  ...['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((op) =>
    [
      [true, false],
      [false, true],
      [false, false],
    ].flatMap(([aligned, half]) =>
      [list(13, 9), list(4, 3)].map((size): OperatorCase => ({
        op,
        note: `${aligned ? 'aligned corners' : half ? 'half pixel' : 'plain'} to ${size.dataSync().join()}`,
        feeds: x(image),
        operands: ['x', size],
        attributes: { align_corners: aligned!, half_pixel_centers: half! },
      })),
    ),
  ),
  { op: 'DepthToSpace', feeds: x(image), operands: ['x'], attributes: { block_size: 2, data_format: 'NHWC' } },
  {
    op: 'SpaceToBatchND',
    feeds: x(image),
    operands: ['x', list(2, 3), table([0, 1], [2, 1])],
  },
  {
    op: 'BatchToSpaceND',
    feeds: x(tf.randomNormal([8, 3, 4, 2], 0, 1, 'float32', 15)),
    operands: ['x', list(2, 2), table([1, 0], [0, 2])],
  },
  {
    op: 'MirrorPad',
    note: 'symmetric',
    feeds: x(image),
    operands: ['x', table([0, 0], [1, 7], [6, 0], [2, 3])],
    attributes: { mode: 'SYMMETRIC' },
  },
  ...['bilinear', 'nearest'].flatMap((method) =>
    [list(5, 4), list(1, 3)].map((size): OperatorCase => ({
      op: 'CropAndResize',
      note: `${method} to ${size.dataSync().join()}`,
      feeds: { x: image, boxes: CROPS, places: list(1, 0, 1, 1) },
      operands: ['x', 'boxes', 'places', size],
      attributes: { method, extrapolation_value: { f: -2.5 } },
    })),
  ),
];
