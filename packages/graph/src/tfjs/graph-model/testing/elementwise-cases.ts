import * as tf from '@tensorflow/tfjs-core';
import {
  binary,
  divisors,
  flags,
  image,
  ints,
  matrix,
  type OperatorCase,
  other,
  positive,
  unary,
  unit,
} from './operator-case.js';

const special = tf.tensor2d([[NaN, 1, -Infinity, 0]]);

export const elementwiseCases: readonly OperatorCase[] = [
  ...['Abs', 'Asinh', 'Atan', 'Ceil', 'Cos', 'Cosh', 'Elu', 'Erf', 'Exp', 'Expm1', 'Floor', 'Neg', 'Relu', 'Relu6'].map(
    (op) => unary(op),
  ),
  ...['Round', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Square', 'Tan', 'Tanh', 'Identity'].map((op) =>
    unary(op),
  ),
  ...['Snapshot', 'StopGradient', 'ZerosLike', 'OnesLike', 'Softmax', 'LogSoftmax'].map((op) => unary(op)),
  ...['Acos', 'Asin', 'Atanh'].map((op) => unary(op, unit)),
  ...['Log', 'Log1p', 'Reciprocal', 'Rsqrt', 'Sqrt'].map((op) => unary(op, positive)),
  unary('Acosh', tf.randomUniform([3, 4], 1.1, 3, 'float32', 4)),
  ...['IsNan', 'IsInf', 'IsFinite'].map((op) => unary(op, special)),
  unary('LogicalNot', flags),
  { ...unary('FakeQuantWithMinMaxVars'), operands: ['x', tf.scalar(-1), tf.scalar(1)], attributes: { num_bits: 8 } },
  { ...unary('LeakyRelu'), attributes: { alpha: { f: 0.3 } } },
  { ...unary('ClipByValue'), operands: ['x', tf.scalar(-0.5), tf.scalar(0.25)] },
  { ...unary('Cast', tf.mul(matrix, 3)), attributes: { SrcT: 'DT_FLOAT', DstT: 'DT_INT32' } },
  { ...unary('Cast', ints), attributes: { SrcT: 'DT_INT32', DstT: 'DT_FLOAT' } },
  { ...unary('Cast', flags), attributes: { SrcT: 'DT_BOOL', DstT: 'DT_INT64' } },
  ...['Add', 'AddV2', 'Sub', 'Mul', 'Div', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'].map((op) =>
    binary(op, matrix, other),
  ),
  ...['FloorMod', 'Mod', 'Atan2', 'Prelu', 'Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual'].map(
    (op) => binary(op, matrix, other),
  ),
  ...['RealDiv', 'FloorDiv', 'FloorMod', 'Sub', 'Mul', 'Maximum', 'Less', 'Equal', 'NotEqual'].map((op) =>
    binary(op, ints, divisors),
  ),
  { ...binary('FloorDiv', matrix, other), dtype: 'float32' },
  binary('Pow', positive, other),
  binary('DivNoNan', matrix, tf.tensor2d([[0, 1, 2, 0]])),
  binary('Atan2', tf.tensor2d([[0, 0, 1, -1, 1, -1]]), tf.tensor2d([[0, -1, 0, 0, -1, -1]])),
  binary('BiasAdd', matrix, tf.tensor1d([1, 2, 3, 4])),
  binary('LogicalAnd', flags, tf.logicalNot(flags)),
  binary('LogicalOr', flags, tf.logicalNot(flags)),
  { op: 'AddN', feeds: { a: matrix, b: other, c: unit }, operands: ['a', 'b', 'c'], attributes: { N: 3 } },
  ...['Select', 'SelectV2'].map((op): OperatorCase => ({
    op,
    feeds: { c: flags, a: ints, b: divisors },
    operands: ['c', 'a', 'b'],
  })),
  { op: 'IdentityN', feeds: { a: image, b: matrix }, operands: ['a', 'b'], outputs: 2 },
];
