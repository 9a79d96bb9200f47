import { GraphBuilder } from '../../builder.js';
import { attribute } from '../../ir/attribute.js';
import { checkModel, kinds } from '../testing/check-pass.js';
import { expectUpgraded } from '../testing/expect-upgraded.js';
import { build, floats, type SingleOperator } from '../testing/single-operator.js';
import { upgradeOpset } from './upgrade-opset.js';

const SOFTMAX_PARTS = ['Shape', 'Flatten', 'Softmax', 'Reshape'];

const CASES: readonly SingleOperator[] = [
  { op: 'Softmax', opset: 8, dims: [2, 3, 4, 5], becomes: SOFTMAX_PARTS },
  { op: 'Softmax', opset: 9, dims: [2, 3, 4, 5], attributes: { axis: 2 }, becomes: SOFTMAX_PARTS },
  { op: 'Softmax', opset: 12, dims: [2, 3, 4, 5], attributes: { axis: 0 }, becomes: SOFTMAX_PARTS },

  { op: 'Softmax', opset: 9, dims: [2, 3], attributes: {} },
  { op: 'LogSoftmax', opset: 11, dims: [2, 3, 4], attributes: { axis: -1 } },
  {
    op: 'LogSoftmax',
    opset: 11,
    dims: [2, 3, 4],
    attributes: { axis: -2 },
    becomes: ['Shape', 'Flatten', 'LogSoftmax', 'Reshape'],
  },
  { op: 'Hardmax', opset: 7, dims: [2, 3, 4], becomes: ['Shape', 'Flatten', 'Hardmax', 'Reshape'] },
  { op: 'ReduceSum', opset: 7, dims: [2, 3, 4], attributes: { axes: [1], keepdims: 0 } },
  { op: 'ReduceSum', opset: 11, dims: [2, 3, 4], attributes: { axes: [-1] } },
  { op: 'ReduceMean', opset: 9, dims: [2, 3, 4], attributes: { axes: [0, 2] } },
  { op: 'ReduceMax', opset: 13, dims: [2, 3, 4] },
  { op: 'ReduceL2', opset: 7, dims: [2, 3, 4], attributes: { axes: [1] } },
  { op: 'Squeeze', opset: 7, dims: [2, 1, 4], attributes: { axes: [1] } },
  { op: 'Squeeze', opset: 11, dims: [2, 1, 4] },
  { op: 'Unsqueeze', opset: 11, dims: [2, 4], attributes: { axes: [-1, 0] } },
  { op: 'Split', opset: 7, dims: [4, 3], attributes: { axis: 0, split: [1, 3] }, outputs: 2 },
  { op: 'Split', opset: 11, dims: [4, 3], outputs: 2 },
  { op: 'Slice', opset: 7, dims: [4, 5], attributes: { starts: [1, -4], ends: [9, -1] } },
  { op: 'Slice', opset: 9, dims: [4, 5], attributes: { starts: [1], ends: [3], axes: [1] } },
  { op: 'TopK', opset: 9, dims: [4, 5], attributes: { k: 2, axis: 0 }, outputs: 2 },
  { op: 'Pad', opset: 7, dims: [2, 3], attributes: { pads: [0, 1, 1, 2] } },
  { op: 'Pad', opset: 10, dims: [2, 3], attributes: { pads: [0, 1, -1, 2], value: attribute.float(0.5) } },
  { op: 'Pad', opset: 10, dims: [2, 3], attributes: { pads: [0, 1, 0, 1], mode: 'reflect' } },
  { op: 'Clip', opset: 7, dims: [8], attributes: { min: attribute.float(-0.25), max: attribute.float(0.5) } },
  { op: 'Clip', opset: 10, dims: [8], attributes: { min: attribute.float(0) } },
  { op: 'Clip', opset: 9, dims: [8] },
  { op: 'Dropout', opset: 7, dims: [8], attributes: { ratio: attribute.float(0.25) } },
  { op: 'Dropout', opset: 11, dims: [8] },
  {
    op: 'Upsample',
    opset: 7,
    dims: [1, 2, 3, 3],
    attributes: { scales: attribute.floats([1, 1, 2, 3]) },
    becomes: ['Resize'],
  },
  {
    op: 'Upsample',
    opset: 9,
    dims: [1, 2, 3, 3],
    attributes: { mode: 'linear' },
    others: (g) => [floats(g, [1, 1, 1.5, 2])],
    becomes: ['Resize'],
  },
  { op: 'Upsample', opset: 9, dims: [1, 2, 3, 3], others: (g) => [floats(g, [1, 1, 1.7, 2.3])], becomes: ['Resize'] },
  { op: 'Resize', opset: 10, dims: [1, 2, 7, 7], others: (g) => [floats(g, [1, 1, 0.6, 0.3])] },
  {
    op: 'Resize',
    opset: 10,
    dims: [1, 2, 7, 7],
    attributes: { mode: 'linear' },
    others: (g) => [floats(g, [1, 1, 0.6, 2.5])],
  },
  { op: 'Resize', opset: 11, dims: [1, 2, 7, 7], others: (g) => [floats(g, []), floats(g, [1, 1, 0.5, 2])] },
  {
    op: 'Resize',
    opset: 12,
    dims: [1, 2, 7, 7],
    attributes: { mode: 'cubic', coordinate_transformation_mode: 'align_corners' },
    others: (g) => [floats(g, []), floats(g, []), g.constant([1, 2, 5, 9])],
  },
  {
    op: 'Resize',
    opset: 11,
    dims: [1, 2, 7, 7],
    attributes: { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
    others: (g) => [floats(g, [0, 0, 0.1, 0.2, 1, 1, 0.9, 1.2]), floats(g, [1, 1, 2, 2])],
  },
  {
    op: 'BatchNormalization',
    opset: 7,
    dims: [2, 3, 4],
    attributes: { spatial: 1, momentum: attribute.float(0.5) },
    others: (g) => [1, 2, 3, 4].map((v) => floats(g, [v, v + 1, v + 2])),
  },
  {
    op: 'Scatter',
    opset: 9,
    dims: [3, 3],
    others: (g) => [g.constant([1, 0, 2], 'int64', [1, 3]), floats(g, [7, 8, 9], [1, 3])],
    becomes: ['ScatterElements'],
  },
  {
    op: 'RoiAlign',
    opset: 10,
    dims: [1, 2, 8, 8],
    attributes: { output_height: 3, output_width: 3, sampling_ratio: 2, spatial_scale: attribute.float(1) },
    others: (g) => [floats(g, [0, 0, 5, 5.5, 1, 2, 7, 6], [2, 4]), g.constant([0, 0])],
  },
  ...['bilinear', 'nearest', 'bicubic'].map((mode) => ({
    op: 'GridSample',
    opset: 16,
    dims: [1, 1, 4, 4],
    attributes: { mode },
    others: (g: GraphBuilder) => [floats(g, [-0.9, 0.2, 0.3, 0.4, 0.1, -0.6, 0.7, 0.8], [1, 2, 2, 2])],
  })),
  { op: 'GridSample', opset: 17, dims: [1, 1, 4, 4], others: (g) => [floats(g, [-0.9, 0.2], [1, 1, 1, 2])] },
  { op: 'DFT', opset: 17, dims: [1, 8, 6, 1] },
  { op: 'DFT', opset: 19, dims: [2, 8, 6, 1], attributes: { axis: 2, onesided: 1 } },
  {
    op: 'ConvTranspose',
    opset: 7,
    dims: [1, 1, 3, 3],
    attributes: { strides: [2, 2], pads: [1, 0, 1, 1] },
    others: (g) => [floats(g, [1, 2, 3, 4], [1, 1, 2, 2])],
  },
  { op: 'Erf', opset: 9, dims: [8] },
  { op: 'Flatten', opset: 7, dims: [2, 3, 4], attributes: { axis: 2 } },
  {
    op: 'MaxPool',
    opset: 7,
    dims: [1, 1, 6, 6],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' },
  },
  {
    op: 'AveragePool',
    opset: 7,
    dims: [1, 1, 6, 6],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 },
  },
  ...[0, 1].map((include) => ({
    op: 'AveragePool',
    opset: 11,
    dims: [1, 1, 6, 6],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 1, 0, 1], ceil_mode: 1, count_include_pad: include },
  })),
  { op: 'Gemm', opset: 7, dims: [2, 3], others: (g) => [floats(g, [1, 2, 3, 4, 5, 6], [3, 2]), floats(g, [1, 2])] },
  { op: 'PRelu', opset: 7, dims: [2, 3], others: (g) => [floats(g, [0.5, 0.25, 2])] },
  {
    op: 'LSTM',
    opset: 7,
    dims: [3, 1, 2],
    attributes: { hidden_size: 1 },
    others: (g) => [floats(g, [1, 2, 3, 4, 5, 6, 7, 8], [1, 4, 2]), floats(g, [1, 2, 3, 4], [1, 4, 1])],
  },
];

test.each(CASES)('$op of opset $opset gives bitwise the same at 21: $attributes', async (given) => {
  const { model, feeds } = build(given);
  const upgraded = await expectUpgraded(model, [feeds]);
  expect(kinds(upgraded)).toEqual(given.becomes ?? [given.op]);
});

test('GroupNormalization of opset 18: one scale a group becomes one a channel', async () => {
  const g = new GraphBuilder('net', { opset: 18 });
  const x = g.input('x', 'float32', ['n', 4, 3]);
  const attributes = { num_groups: 2, epsilon: attribute.float(1e-5) };
  g.output(g.op('GroupNormalization', [x, floats(g, [2, 3]), floats(g, [0.5, -1])], attributes), 'y');
  const upgraded = upgradeOpset(g.model(), 21);
  checkModel(upgraded);
  const [node] = [...upgraded.graph.nodes()];
  const data = [1, 2].map((slot) => [...node!.input(slot)!.constant!.toFloat64()]);
  expect(data).toEqual([
    [2, 2, 3, 3],
    [0.5, 0.5, -1, -1],
  ]);
});

test.each<[string, SingleOperator, RegExp]>([
  [
    'training outputs',
    {
      op: 'BatchNormalization',
      opset: 9,
      dims: [2, 3],
      others: (g) => [1, 2, 3, 4].map((v) => floats(g, [v, v, v])),
      outputs: 3,
    },
    /BatchNormalization.*training outputs/,
  ],
  [
    'per-activation statistics',
    {
      op: 'BatchNormalization',
      opset: 8,
      dims: [2, 3],
      attributes: { spatial: 0 },
      others: (g) => [1, 2, 3, 4].map((v) => floats(g, [v, v, v])),
    },
    /spatial/,
  ],
  ['one-hot', { op: 'OneHot', opset: 9, dims: [3], others: (g) => [g.constant([5]), floats(g, [0, 1])] }, /OneHot/],
  ['unknown operator', { op: 'Frobnicate', opset: 9, dims: [3] }, /Frobnicate/],
  [
    'mixed nearest scales',
    { op: 'Resize', opset: 10, dims: [1, 1, 4, 4], others: (g) => [floats(g, [1, 1, 2, 0.5])] },
    /both above and below 1/,
  ],
  [
    'a mode that went',
    {
      op: 'Resize',
      opset: 11,
      dims: [1, 1, 4, 4],
      attributes: { coordinate_transformation_mode: 'tf_half_pixel_for_nn' },
      others: (g) => [floats(g, []), floats(g, [1, 1, 2, 2])],
    },
    /tf_half_pixel_for_nn/,
  ],
  ['mask', { op: 'Dropout', opset: 9, dims: [3], outputs: 2 }, /mask/],
])('refused by name: %s', (_, given, message) => {
  const { model } = build(given);
  const upgrade = () => upgradeOpset(model, 21);
  expect(upgrade).toThrow(expect.objectContaining({ code: 'ERR_OPSET_UPGRADE' }));
  expect(upgrade).toThrow(message);
});
