import * as tf from '@tensorflow/tfjs-core';
import { flags, image, list, matrix, type OperatorCase, scalar, table, x } from './operator-case.js';

const BOXES = tf.tensor2d([
  [0, 0, 1, 1],
  [0, 0.1, 1, 1.1],
  [0, 2, 1, 3],
  [0, 0, 0.1, 0.1],
]);
const SCORES = tf.tensor1d([0.9, 0.95, 0.3, 0.01]);

export const gatherCases: readonly OperatorCase[] = [
  {
    op: 'GatherV2',
    feeds: {
      x: image,
      i: table([1, 0], [5, 2]),
    },
    operands: ['x', 'i', scalar(2)],
  },
  {
    op: 'GatherV2',
    note: 'batch dims',
    feeds: {
      x: image,
      i: table([1, 0], [5, 2]),
    },
    operands: ['x', 'i', scalar(1)],
    attributes: { batch_dims: 1 },
  },
  { op: 'Gather', feeds: { x: image, i: list(1, 0, 1) }, operands: ['x', 'i'] },
  {
    op: 'GatherNd',
    feeds: {
      x: image,
      i: table([1, 0], [0, 2]),
    },
    operands: ['x', 'i'],
  },
  {
    op: 'ScatterNd',
    note: 'sums what falls on one place',
    feeds: { i: table([1], [3], [1]), u: matrix },
    operands: ['i', 'u', list(5, 4)],
  },
  {
    op: 'TensorScatterUpdate',
    feeds: { x: matrix, i: table([2], [0]), u: tf.randomNormal([2, 4]) },
    operands: ['x', 'i', 'u'],
  },
  {
    op: 'SparseToDense',
    feeds: { i: list(1, 3), v: tf.tensor1d([5, 6]) },
    operands: ['i', list(5), 'v', tf.scalar(-1)],
  },
  {
    op: 'SparseToDense',
    note: 'one value, a matrix of indices',
    feeds: {
      i: table([1, 0], [0, 2]),
    },
    operands: ['i', list(2, 3), tf.scalar(7), tf.scalar(0)],
  },
  { op: 'Where', feeds: x(flags), operands: ['x'] },
  { op: 'TopKV2', feeds: x(matrix), operands: ['x', scalar(2)], attributes: { sorted: true }, outputs: 2 },
  {
    op: 'NonMaxSuppressionV2',
    feeds: { boxes: BOXES, scores: SCORES },
    operands: ['boxes', 'scores', scalar(3), tf.scalar(0.5)],
  },
  {
    op: 'NonMaxSuppressionV3',
    feeds: { boxes: BOXES, scores: SCORES },
    operands: ['boxes', 'scores', scalar(3), tf.scalar(0.5), tf.scalar(0.1)],
  },
  ...[true, false].map((isPadded): OperatorCase => ({
    op: 'NonMaxSuppressionV4',
    note: isPadded ? 'padded' : 'not padded',
    feeds: { boxes: BOXES, scores: SCORES },
    operands: ['boxes', 'scores', scalar(3), tf.scalar(0.5), tf.scalar(0.1)],
    attributes: { pad_to_max_output_size: isPadded },
    outputs: 2,
  })),
  {
    op: 'NonMaxSuppressionV5',
    feeds: { boxes: BOXES, scores: SCORES },
    operands: ['boxes', 'scores', scalar(3), tf.scalar(0.5), tf.scalar(0.1), tf.scalar(0)],
    outputs: 2,
  },
];
