import * as tf from '@tensorflow/tfjs-core';
import { flags, image, ints, list, matrix, type OperatorCase, scalar, table, x } from './operator-case.js';

export const reductionCases: readonly OperatorCase[] = [
  ...['Max', 'Mean', 'Min', 'Prod', 'Sum'].flatMap((op) =>
    [list(1, 2), list(-1), list(0, 3)].flatMap((axes) =>
      [true, false].map((keep): OperatorCase => ({
        op,
        feeds: x(image),
        operands: ['x', axes],
        attributes: { keep_dims: keep },
        tolerance: 1e-5,
      })),
    ),
  ),
  { op: 'Mean', note: 'of integers', feeds: x(ints), operands: ['x', list(1)], attributes: { keep_dims: false } },
  ...['Any', 'All'].map((op): OperatorCase => ({
    op,
    feeds: x(flags),
    operands: ['x', list(1)],
    attributes: { keep_dims: false },
  })),
  ...['ArgMax', 'ArgMin'].map((op): OperatorCase => ({ op, feeds: x(image), operands: ['x', scalar(2)] })),
  { op: 'Cumsum', feeds: x(matrix), operands: ['x', scalar(1)], attributes: { exclusive: true, reverse: true } },
  ...[true, false].map((keep): OperatorCase => ({
    op: 'EuclideanNorm',
    feeds: x(image),
    operands: ['x', list(1, 2)],
    attributes: { keep_dims: keep },
  })),
  { op: 'Bincount', feeds: x(list(1, 3, 1, 0, 9, 3, 3)), operands: ['x', scalar(5), tf.tensor1d([])] },
  {
    op: 'Bincount',
    note: 'weighted integers',
    feeds: x(list(1, 3, 1, 0, 9, 3, 3)),
    operands: ['x', scalar(4), list(1, 2, 3, 4, 5, 6, 7)],
  },
  ...[true, false].map((isBinary): OperatorCase => ({
    op: 'DenseBincount',
    note: isBinary ? 'binary' : 'counts',
    feeds: x(table([1, 3, 1, 0], [9, 2, 2, 2])),
    operands: ['x', scalar(4), tf.tensor1d([])],
    attributes: { binary_output: isBinary },
  })),
  {
    op: 'DenseBincount',
    note: 'weighted',
    feeds: x(table([1, 3, 1, 0], [9, 2, 2, 2])),
    operands: ['x', scalar(4), tf.randomUniform([2, 4], 0, 1, 'float32', 16)],
    attributes: { binary_output: false },
  },
  {
    op: 'DenseBincount',
    note: 'a vector',
    feeds: x(list(1, 3, 1)),
    operands: ['x', scalar(4), tf.tensor1d([])],
    attributes: { binary_output: false },
  },
];
