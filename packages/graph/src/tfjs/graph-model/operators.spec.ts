import * as tf from '@tensorflow/tfjs-core';
import { checkGraph } from '../../ir/check.js';
import { executeInTfjs, GraphDefBuilder, type TfAttribute } from '../testing/graph-def.js';
import { maxAbsError, read, runEverywhere } from '../testing/in-memory.js';
import { supportedOperators } from './registry.js';

type Attributes = Readonly<Record<string, TfAttribute>>;

interface Case {
  readonly op: string;
  /** Inputs that are fed, by name. */
  readonly feeds: Readonly<Record<string, tf.Tensor>>;
  /** Operands: names of feeds, or constants. */
  readonly operands: readonly (string | tf.Tensor)[];
  readonly attributes?: Attributes;
  /** How many results to compare; default 1. */
  readonly outputs?: number;
  /** Largest error; default 2e-6, a few roundings of float32 at magnitudes near 1; zero for moved or integer elements. */
  readonly tolerance?: number;
  /** Set where TF.js's element type is not TensorFlow's, which ours is; values are compared all the same. */
  readonly dtype?: 'float32' | 'int32';
  readonly note?: string;
}

const covered = new Set<string>();

async function errorOf({ op, feeds, operands, attributes = {}, outputs = 1, dtype }: Case): Promise<number> {
  covered.add(op);
  const g = new GraphDefBuilder();
  for (const [name, tensor] of Object.entries(feeds)) {
    const dtype = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' }[tensor.dtype as 'int32'];
    // The first dimension stays open, so that nothing leans on a known batch.
    g.placeholder(
      name,
      dtype,
      tensor.shape.map((dim, axis) => (axis === 0 ? -1 : dim)),
    );
  }
  const inputs = operands.map((operand) => (typeof operand === 'string' ? operand : g.constant(operand)));
  const node = g.node(op, inputs, attributes);
  const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? node : `${node}:${i}`));
  const saved = g.save(names);
  const expected = await executeInTfjs(saved, feeds, names);
  const model = read(saved);
  checkGraph(model.graph);
  const { evaluator, ort } = await runEverywhere(model, feeds);
  for (const [i, name] of names.entries()) expect(evaluator[name]!.dtype).toBe(dtype ?? expected[i]!.dtype);
  return Math.max(
    ...names.flatMap((name, i) => [evaluator, ort].map((results) => maxAbsError(results[name]!, expected[i]!))),
  );
}

const image = tf.randomNormal([2, 7, 6, 4], 0, 1, 'float32', 1);
const matrix = tf.randomNormal([3, 4], 0, 1, 'float32', 2);
const other = tf.randomNormal([3, 4], 0, 1, 'float32', 3);
const positive = tf.randomUniform([3, 4], 0.1, 3, 'float32', 4);
const unit = tf.randomUniform([3, 4], -0.9, 0.9, 'float32', 5);
const special = tf.tensor2d([[NaN, 1, -Infinity, 0]]);
const ints = tf.tensor2d(
  [
    [7, -7, 5],
    [-5, 0, 9],
  ],
  [2, 3],
  'int32',
);
const divisors = tf.tensor2d(
  [
    [3, 3, -2],
    [-2, 4, 4],
  ],
  [2, 3],
  'int32',
);
const flags = tf.tensor2d(
  [
    [1, 0, 1],
    [0, 0, 1],
  ],
  [2, 3],
  'bool',
);
const filter = tf.randomNormal([3, 2, 4, 5], 0, 0.3, 'float32', 6);
const depthwise = tf.randomNormal([3, 3, 4, 2], 0, 0.3, 'float32', 7);
const bias = tf.randomNormal([5], 0, 1, 'float32', 8);
const wideBias = tf.randomNormal([8], 0, 1, 'float32', 9);
const list = (...values: number[]) => tf.tensor1d(values, 'int32');
const scalar = (value: number) => tf.scalar(value, 'int32');
const x = (tensor: tf.Tensor) => ({ x: tensor });
const unary = (op: string, tensor: tf.Tensor = matrix): Case => ({ op, feeds: x(tensor), operands: ['x'] });
const binary = (op: string, a: tf.Tensor, b: tf.Tensor): Case => ({ op, feeds: { a, b }, operands: ['a', 'b'] });
const sliding = (padding: string, stride = 1, dilation = 1): Attributes => ({
  strides: [1, stride, stride, 1],
  dilations: [1, dilation, dilation, 1],
  padding,
  data_format: 'NHWC',
});

const BOXES = tf.tensor2d([
  [0, 0, 1, 1],
  [0, 0.1, 1, 1.1],
  [0, 2, 1, 3],
  [0, 0, 0.1, 0.1],
]);
const SCORES = tf.tensor1d([0.9, 0.95, 0.3, 0.01]);
const volume = tf.randomNormal([2, 5, 6, 4, 3], 0, 1, 'float32', 13);
const sliding3d: Attributes = {
  strides: [1, 2, 2, 2, 1],
  padding: 'SAME',
  data_format: 'NDHWC',
  dilations: [1, 1, 1, 1, 1],
};

const CASES: readonly Case[] = [
  { op: 'IdentityN', feeds: { a: image, b: matrix }, operands: ['a', 'b'], outputs: 2 },
  {
    op: 'SpaceToBatchND',
    feeds: x(image),
    operands: [
      'x',
      list(2, 3),
      tf.tensor2d(
        [
          [0, 1],
          [2, 1],
        ],
        [2, 2],
        'int32',
      ),
    ],
  },
  {
    op: 'BatchToSpaceND',
    feeds: x(tf.randomNormal([8, 3, 4, 2], 0, 1, 'float32', 15)),
    operands: [
      'x',
      list(2, 2),
      tf.tensor2d(
        [
          [1, 0],
          [0, 2],
        ],
        [2, 2],
        'int32',
      ),
    ],
  },
  {
    op: 'OneHot',
    note: 'of integers',
    feeds: x(list(2, 0, 1)),
    operands: ['x', scalar(4), scalar(3), scalar(1)],
    attributes: { axis: -1, T: 'DT_INT32' },
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
  {
    op: 'NonMaxSuppressionV2',
    feeds: { boxes: BOXES, scores: SCORES },
    operands: ['boxes', 'scores', scalar(3), tf.scalar(0.5)],
  },
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
  ...['Select', 'SelectV2'].map((op): Case => ({
    op,
    feeds: { c: flags, a: ints, b: divisors },
    operands: ['c', 'a', 'b'],
  })),
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
    (ops): Case => ({
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
  { ...binary('MatMul', matrix, other), attributes: { transpose_a: false, transpose_b: true }, tolerance: 1e-5 },
  { ...binary('MatMul', matrix, other), attributes: { transpose_a: true, transpose_b: false }, tolerance: 1e-5 },
  ...['BatchMatMul', 'BatchMatMulV2'].map((op): Case => ({
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
  ...['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op): Case => ({
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
  ...['Max', 'Mean', 'Min', 'Prod', 'Sum'].flatMap((op) =>
    [list(1, 2), list(-1), list(0, 3)].flatMap((axes) =>
      [true, false].map((keep): Case => ({
        op,
        feeds: x(image),
        operands: ['x', axes],
        attributes: { keep_dims: keep },
        tolerance: 1e-5,
      })),
    ),
  ),
  { op: 'Mean', note: 'of integers', feeds: x(ints), operands: ['x', list(1)], attributes: { keep_dims: false } },
  ...['Any', 'All'].map((op): Case => ({
    op,
    feeds: x(flags),
    operands: ['x', list(1)],
    attributes: { keep_dims: false },
  })),
  ...['ArgMax', 'ArgMin'].map((op): Case => ({ op, feeds: x(image), operands: ['x', scalar(2)] })),
  { op: 'Cumsum', feeds: x(matrix), operands: ['x', scalar(1)], attributes: { exclusive: true, reverse: true } },
  unary('Shape', image),
  {
    op: 'ShapeN',
    feeds: { a: image, b: matrix },
    operands: ['a', 'b'],
    outputs: 2,
    attributes: { N: 2 },
    dtype: 'int32',
  },
  unary('Size', image),
  unary('Rank', image),
  { op: 'Reshape', feeds: x(image), operands: ['x', list(2, -1, 8)] },
  { op: 'ExpandDims', feeds: x(matrix), operands: ['x', scalar(-1)] },
  { op: 'Squeeze', feeds: x(tf.randomNormal([2, 1, 1, 3])), operands: ['x'], attributes: { squeeze_dims: [1, 2] } },
  { op: 'Transpose', feeds: x(image), operands: ['x', list(0, 3, 1, 2)] },
  { op: 'BroadcastTo', feeds: x(tf.randomNormal([1, 4])), operands: ['x', list(3, 4)] },
  { op: 'Tile', feeds: x(matrix), operands: ['x', list(2, 3)] },
  { op: 'Fill', feeds: x(list(2, 3)), operands: ['x', tf.scalar(1.5)] },
  { op: 'Range', feeds: x(matrix), operands: [scalar(2), scalar(11), scalar(3)], attributes: { Tidx: 'DT_INT32' } },
  {
    op: 'OneHot',
    feeds: x(list(2, 0, 1)),
    operands: ['x', scalar(4), tf.scalar(2), tf.scalar(-1)],
    attributes: { axis: -1, T: 'DT_FLOAT' },
  },
  { op: 'ConcatV2', feeds: { a: image, b: image }, operands: ['a', 'b', scalar(-1)], attributes: { N: 2 } },
  { op: 'Concat', feeds: { a: matrix, b: other }, operands: [scalar(0), 'a', 'b'], attributes: { N: 2 } },
  { op: 'Pack', feeds: { a: matrix, b: other }, operands: ['a', 'b'], attributes: { axis: 1, N: 2 } },
  { op: 'Unpack', feeds: x(image), operands: ['x'], attributes: { axis: 3, num: 4 }, outputs: 4 },
  { op: 'Split', feeds: x(image), operands: [scalar(3), 'x'], attributes: { num_split: 2 }, outputs: 2 },
  {
    op: 'SplitV',
    feeds: x(image),
    operands: ['x', list(2, -1, 1), scalar(1)],
    attributes: { num_split: 3 },
    outputs: 3,
  },
  {
    op: 'GatherV2',
    feeds: {
      x: image,
      i: tf.tensor2d(
        [
          [1, 0],
          [5, 2],
        ],
        [2, 2],
        'int32',
      ),
    },
    operands: ['x', 'i', scalar(2)],
  },
  {
    op: 'GatherV2',
    note: 'batch dims',
    feeds: {
      x: image,
      i: tf.tensor2d(
        [
          [1, 0],
          [5, 2],
        ],
        [2, 2],
        'int32',
      ),
    },
    operands: ['x', 'i', scalar(1)],
    attributes: { batch_dims: 1 },
  },
  { op: 'Gather', feeds: { x: image, i: list(1, 0, 1) }, operands: ['x', 'i'] },
  {
    op: 'GatherNd',
    feeds: {
      x: image,
      i: tf.tensor2d(
        [
          [1, 0],
          [0, 2],
        ],
        [2, 2],
        'int32',
      ),
    },
    operands: ['x', 'i'],
  },
  {
    op: 'ScatterNd',
    note: 'sums what falls on one place',
    feeds: { i: tf.tensor2d([[1], [3], [1]], [3, 1], 'int32'), u: matrix },
    operands: ['i', 'u', list(5, 4)],
  },
  {
    op: 'TensorScatterUpdate',
    feeds: { x: matrix, i: tf.tensor2d([[2], [0]], [2, 1], 'int32'), u: tf.randomNormal([2, 4]) },
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
      i: tf.tensor2d(
        [
          [1, 0],
          [0, 2],
        ],
        [2, 2],
        'int32',
      ),
    },
    operands: ['i', list(2, 3), tf.scalar(7), tf.scalar(0)],
  },
  { op: 'Where', feeds: x(flags), operands: ['x'] },
  { op: 'TopKV2', feeds: x(matrix), operands: ['x', scalar(2)], attributes: { sorted: true }, outputs: 2 },
  {
    op: 'NonMaxSuppressionV3',
    feeds: { boxes: BOXES, scores: SCORES },
    operands: ['boxes', 'scores', scalar(3), tf.scalar(0.5), tf.scalar(0.1)],
  },
  {
    op: 'Pad',
    feeds: x(image),
    operands: [
      'x',
      tf.tensor2d(
        [
          [0, 0],
          [1, 2],
          [0, 3],
          [0, 0],
        ],
        [4, 2],
        'int32',
      ),
    ],
  },
  {
    op: 'PadV2',
    feeds: x(matrix),
    operands: [
      'x',
      tf.tensor2d(
        [
          [1, 0],
          [2, 1],
        ],
        [2, 2],
        'int32',
      ),
      tf.scalar(-3),
    ],
  },
  {
    op: 'MirrorPad',
    feeds: x(image),
    operands: [
      'x',
      tf.tensor2d(
        [
          [0, 0],
          [1, 2],
          [2, 1],
          [0, 0],
        ],
        [4, 2],
        'int32',
      ),
    ],
    attributes: { mode: 'REFLECT' },
  },
  ...['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((op) =>
    [
      [true, false],
      [false, true],
      [false, false],
    ].flatMap(([aligned, half]) =>
      [list(13, 9), list(4, 3)].map((size): Case => ({
        op,
        note: `${aligned ? 'aligned corners' : half ? 'half pixel' : 'plain'} to ${size.dataSync().join()}`,
        feeds: x(image),
        operands: ['x', size],
        attributes: { align_corners: aligned!, half_pixel_centers: half! },
      })),
    ),
  ),
  { op: 'DepthToSpace', feeds: x(image), operands: ['x'], attributes: { block_size: 2, data_format: 'NHWC' } },
  { op: 'Slice', feeds: x(image), operands: ['x', list(0, 2, 0, 1), list(-1, 3, 6, 2)] },
  { op: 'ReverseV2', feeds: x(image), operands: ['x', list(1, -1)] },
];

const BOUNDS = [list(0, 1, -1, 0), list(2, 6, 3, 4), list(1, 2, 1, 3)];
const SLICES: readonly (readonly [string, tf.Tensor1D[], Attributes])[] = [
  ['no mask', [list(0, 1, 1, 0), list(2, -1, 5, 4), list(1, 2, 1, 3)], {}],
  ['begin and end masks', BOUNDS, { begin_mask: 12, end_mask: 6 }],
  ['a removed axis', [list(0, -1), list(2, 0), list(1, 1)], { shrink_axis_mask: 2 }],
  ['a new axis', [list(0, 0, 1), list(0, 2, 3), list(1, 1, 1)], { new_axis_mask: 1, begin_mask: 2 }],
  ['an ellipsis', [list(0, 0, 1), list(0, 0, 3), list(1, 1, 1)], { ellipsis_mask: 2, shrink_axis_mask: 1 }],
  ['backwards', [list(0, -1), list(0, 0), list(1, -2)], { begin_mask: 3, end_mask: 3 }],
];

describe('graph model: one operator at a time, against TF.js', () => {
  const titled = CASES.map((item, i) => [`${i} ${item.op}${item.note ? `: ${item.note}` : ''}`, item] as const);

  test.each(titled)('%s', async (_, item) => {
    expect(await errorOf(item)).toBeLessThanOrEqual(item.tolerance ?? 2e-6);
  });

  test.each(SLICES)('StridedSlice: %s', async (_, bounds, attributes) => {
    expect(await errorOf({ op: 'StridedSlice', feeds: x(image), operands: ['x', ...bounds], attributes })).toBe(0);
  });

  test('every supported operator is among the cases', () => {
    const elsewhere = ['Const', 'Placeholder'];
    const missing = supportedOperators().filter((op) => !covered.has(op) && !elsewhere.includes(op));
    expect(missing).toEqual([]);
  });
});
