import * as tf from '@tensorflow/tfjs-core';
import { binary, image, matrix, type OperatorCase, other, x } from './operator-case.js';

const bias = tf.randomNormal([5], 0, 1, 'float32', 8);

export const matrixCases: readonly OperatorCase[] = [
  { ...binary('MatMul', matrix, other), attributes: { transpose_a: false, transpose_b: true }, tolerance: 1e-5 },
  { ...binary('MatMul', matrix, other), attributes: { transpose_a: true, transpose_b: false }, tolerance: 1e-5 },
  ...['BatchMatMul', 'BatchMatMulV2'].map((op): OperatorCase => ({
    ...binary(op, image, image),
    attributes: { adj_x: false, adj_y: true },
    tolerance: 1e-5,
  })),
  {
    op: '_FusedMatMul',
    feeds: x(matrix),
    operands: ['x', tf.randomNormal([4, 5], 0, 1, 'float32', 12), bias],
    attributes: { fused_ops: ['BiasAdd', 'Relu'], num_args: 1, transpose_a: false, transpose_b: false },
    tolerance: 1e-5,
  },
  { ...binary('Einsum', matrix, other), attributes: { equation: 'ij,kj->ki', N: 2 }, tolerance: 1e-5 },
  ...['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op): OperatorCase => ({
    op,
    feeds: x(image),
    operands: ['x', ...[1, 2, 3, 4].map((seed) => tf.randomUniform([4], 0.2, 1.5, 'float32', seed))],
    attributes: { epsilon: { f: 0.01 }, data_format: 'NHWC', is_training: false },
    tolerance: 1e-5,
  })),
  {
    op: 'LRN',
    feeds: x(image),
    operands: ['x'],
    attributes: { depth_radius: 1, bias: { f: 1.5 }, alpha: { f: 0.5 }, beta: { f: 0.75 } },
    tolerance: 1e-5,
  },
];
