import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import { attribute } from '../../ir/attribute.js';
import { Graph } from '../../ir/graph.js';
import { Tensor } from '../../ir/tensor.js';
import { tensorType } from '../../ir/value-type.js';
import { checkModel, kinds } from '../testing/check-pass.js';
import { expectUpgraded, NEWEST_OF_RUNTIME } from '../testing/expect-upgraded.js';
import { randomTensor } from '../testing/random.js';
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
  {
    op: 'ConvTranspose',
    opset: 10,
    dims: [1, 1, 3],
    attributes: { strides: [2], output_shape: [5] },
    others: (g) => [floats(g, [1, 2, 3], [1, 1, 3])],
  },
  {
    op: 'ConvTranspose',
    opset: 8,
    dims: [1, 1, 4],
    attributes: { auto_pad: 'SAME_LOWER' },
    others: (g) => [floats(g, [1, 2, 3], [1, 1, 3])],
  },
  {
    op: 'Resize',
    opset: 10,
    dims: [1, 1, 5, 7],
    others: (g) => [floats(g, [1, 1, 2.5, 0.4])],
    becomes: ['Resize', 'Resize'],
  },
  ...[3, 4, 7, 16].map((size) => ({
    op: 'Resize',
    opset: 11,
    dims: [1, 1, 5, 7],
    attributes: { coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'floor' },
    others: (g: GraphBuilder) => [floats(g, []), floats(g, []), g.constant([1, 1, size, 2 * size + 1])],
  })),
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

test.each(CASES)('$op of opset $opset gives bitwise the same at 21 and 26: $attributes', async (given) => {
  const { model, feeds } = build(given);
  const upgraded = await expectUpgraded(model, [feeds]);
  // onnxruntime-node 1.30 has no RoiAlign of opset 22.
  if (given.op !== 'RoiAlign') await expectUpgraded(upgraded, [feeds], NEWEST_OF_RUNTIME);
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
  ['unknown operator', { op: 'Frobnicate', opset: 9, dims: [3] }, /Frobnicate/],
  [
    'a mode that went',
    {
      op: 'Resize',
      opset: 11,
      dims: [1, 1, 4, 4],
      attributes: { coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'ceil' },
      others: (g) => [floats(g, []), floats(g, [1, 1, 2, 2])],
    },
    /tf_half_pixel_for_nn/,
  ],
  ['mask', { op: 'Dropout', opset: 9, dims: [3], outputs: 2 }, /mask/],
  ['mask of opset 11', { op: 'Dropout', opset: 11, dims: [3], outputs: 2 }, /mask/],
  [
    'an odd computed padding',
    {
      op: 'ConvTranspose',
      opset: 10,
      dims: [1, 1, 3],
      attributes: { strides: [2], output_shape: [6] },
      others: (g) => [floats(g, [1, 2, 3], [1, 1, 3])],
    },
    /a computed padding of 1/,
  ],
  [
    'a size that SAME leaves open',
    {
      op: 'ConvTranspose',
      opset: 7,
      dims: [1, 1, 3],
      attributes: { strides: [2], auto_pad: 'SAME_UPPER' },
      others: (g) => [floats(g, [1, 2, 3], [1, 1, 3])],
    },
    /SAME leaves open/,
  ],
])('refused by name: %s', (_, given, message) => {
  const { model } = build(given);
  const upgrade = () => upgradeOpset(model, 21);
  expect(upgrade).toThrow(expect.objectContaining({ code: 'ERR_OPSET_UPGRADE' }));
  expect(upgrade).toThrow(message);
});

test('OneHot of opset 9: its indices, negative ones as ONNX Runtime reads them', async () => {
  const g = new GraphBuilder('net', { opset: 9, irVersion: 4 });
  const indices = g.input('x', 'int64', [4]);
  g.output(g.op('OneHot', [indices, g.constant(3), floats(g, [0.5, 2])], { axis: 0 }), 'y');
  await expectUpgraded(g.model(), [{ x: Tensor.fromNumbers('int64', [4], [2, 0, -1, 5]) }], NEWEST_OF_RUNTIME);
});

test('Resize of opset 10 by scales that are not constant: those that grow, then those that shrink', async () => {
  const g = new GraphBuilder('net', { opset: 10, irVersion: 4 });
  const [x, scales] = [g.input('x', 'float32', [1, 2, 5, 7]), g.input('scales', 'float32', [4])];
  g.output(g.op('Resize', [x, scales]), 'y');
  const feeds = [
    [1, 1, 0.5, 0.3],
    [1, 1, 2, 1.3],
    [1, 2.6, 0.6, 1.9],
  ].map((values) => ({ x: randomTensor([1, 2, 5, 7], 3), scales: Tensor.fromNumbers('float32', [4], values) }));
  const upgraded = await expectUpgraded(g.model(), feeds);
  expect(kinds(upgraded)).toEqual(['Max', 'Resize', 'Min', 'Resize']);
});

test('Scan of opset 8: an outer Scan goes over the samples, the old one along each, states and directions with it', async () => {
  const g = new GraphBuilder('net', { opset: 8, irVersion: 3 });
  const x = g.input('x', 'float32', ['n', 'steps', 2]);
  const state = g.input('state', 'float32', ['n', 2]);
  const scale = g.input('scale', 'float32', [2]);
  const results = g.ops('Scan', [undefined, state, x, x], { num_scan_inputs: 2, directions: [0, 1] }, { outputs: 3 });
  const node = results[0]!.producer!;
  const body = new Graph('body', { node, attribute: 'body', index: 0 });
  const [sum, ahead, back] = ['sum', 'ahead', 'back'].map((name) => body.addInput(name, tensorType('float32', [2])));
  const next = body.add({ op: 'Add', inputs: [sum!, ahead!], outputs: ['next'] }).output;
  const kept = body.add({ op: 'Identity', inputs: [next], outputs: ['kept'] }).output;
  const mixed = body.add({ op: 'Mul', inputs: [back!, scale], outputs: ['mixed'] }).output;
  for (const value of [kept, next, mixed]) {
    body.setType(value, tensorType('float32', [2]));
    body.addOutput(value);
  }
  g.graph.setAttribute(node, 'body', attribute.graph(body));
  results.forEach((value, index) => g.output(value, `y${index}`));
  const feeds = [1, 3].map((n) => ({
    x: randomTensor([n, 4, 2], n),
    state: randomTensor([n, 2], 7),
    scale: randomTensor([2], 8),
  }));
  const upgraded = await expectUpgraded(g.model(), feeds);
  expect(kinds(upgraded)).toEqual(['Scan', 'Scan', 'Add', 'Identity', 'Mul']);
  const lengths = g.input('lengths', 'int64', ['n']);
  g.graph.setInput(node, 0, lengths);
  expect(() => upgradeOpset(g.model(), 9)).toThrow(/sequence lengths/);
});

test('a scale a group that is computed is repeated by operators', () => {
  const g = new GraphBuilder('net', { opset: 18 });
  const x = g.input('x', 'float32', ['n', 4, 3]);
  const scale = g.op('Neg', [g.input('scale', 'float32', [2])]);
  g.output(g.op('GroupNormalization', [x, scale, floats(g, [0.5, -1])], { num_groups: 2 }), 'y');
  const feeds = { x: randomTensor([2, 4, 3], 1), scale: randomTensor([2], 2) };
  const upgraded = upgradeOpset(g.model(), 21);
  checkModel(upgraded);
  const [found, expected] = [upgraded, g.model()].map((model) => evaluate(model, feeds));
  expect(found!['y']!.toFloat32()).toEqual(expected!['y']!.toFloat32());
});

test('logarithms of sums of integers go at opset 28', () => {
  const build = (dtype: 'float32' | 'int32') => {
    const g = new GraphBuilder('net', { opset: 18 });
    return g.output(g.op('ReduceLogSum', [g.input('x', dtype, [2, 3])]), 'y').model();
  };
  expect(upgradeOpset(build('float32'), 28).opset).toBe(28);
  expect(upgradeOpset(build('int32'), 27).opset).toBe(27);
  expect(() => upgradeOpset(build('int32'), 28)).toThrow(/ReduceLogSum.*input of int32/);
});
