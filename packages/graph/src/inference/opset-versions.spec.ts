import { attribute } from '../ir/attribute.js';
import { symbol } from '../ir/dim.js';
import { tensorType } from '../ir/value-type.js';
import { inferTypes } from './infer-types.js';
import { judge } from './testing/node-test-types.js';
import { floats, int64s, modelOf, numbers, type OperatorCall, runTypes } from './testing/ort-referee.js';

const { int, ints, float, floats: floatList, string } = attribute;
const MAX = 9223372036854775807n;

/** Operators whose attributes, inputs or meaning changed, each before and after, besides what the node tests (recent versions) have. */
const CALLS: readonly OperatorCall[] = [
  { op: 'Squeeze', opset: 9, inputs: [floats(1, 3, 1)], attributes: { axes: ints([0]) } },
  { op: 'Squeeze', opset: 11, inputs: [floats(1, 3, 1)], attributes: { axes: ints([-1]) } },
  { op: 'Squeeze', opset: 13, inputs: [floats(1, 3, 1), int64s(2)] },
  { op: 'Squeeze', opset: 13, inputs: [floats(1, 3, 1)] },
  { op: 'Unsqueeze', opset: 9, inputs: [floats(3)], attributes: { axes: ints([0, 2]) } },
  { op: 'Unsqueeze', opset: 11, inputs: [floats(3)], attributes: { axes: ints([-1]) } },
  { op: 'Unsqueeze', opset: 13, inputs: [floats(3), int64s(0, -1)] },
  { op: 'ReduceSum', opset: 11, inputs: [floats(2, 3)], attributes: { axes: ints([1]), keepdims: int(0) } },
  { op: 'ReduceSum', opset: 13, inputs: [floats(2, 3), int64s(0)] },
  { op: 'ReduceSum', opset: 13, inputs: [floats(2, 3)], attributes: { noop_with_empty_axes: int(1) } },
  { op: 'ReduceMean', opset: 17, inputs: [floats(2, 3)], attributes: { axes: ints([-1]) } },
  { op: 'ReduceMean', opset: 18, inputs: [floats(2, 3), int64s(-1)], attributes: { keepdims: int(0) } },
  { op: 'Split', opset: 11, inputs: [floats(7, 2)], attributes: { split: ints([3, 4]) }, outputs: 2 },
  { op: 'Split', opset: 11, inputs: [floats(6, 2)], outputs: 3 },
  { op: 'Split', opset: 13, inputs: [floats(7, 2), int64s(3, 4)], outputs: 2 },
  { op: 'Split', opset: 18, inputs: [floats(7, 2)], attributes: { num_outputs: int(3) }, outputs: 3 },
  { op: 'Slice', opset: 9, inputs: [floats(4, 6)], attributes: { starts: ints([1, -3]), ends: ints([MAX, 5]) } },
  {
    op: 'Slice',
    opset: 9,
    inputs: [floats(4, 6)],
    attributes: { starts: ints([1]), ends: ints([3]), axes: ints([1]) },
  },
  { op: 'Slice', opset: 10, inputs: [floats(4, 6), int64s(-1), int64s(-MAX), int64s(1), int64s(-2)] },
  { op: 'Slice', opset: 13, inputs: [floats(4, 6), int64s(1), int64s(MAX), int64s(-1)] },
  { op: 'Pad', opset: 9, inputs: [floats(2, 3)], attributes: { pads: ints([1, 0, 2, 3]) } },
  { op: 'Pad', opset: 11, inputs: [floats(2, 3), int64s(1, 0, -1, 3)] },
  { op: 'Pad', opset: 18, inputs: [floats(2, 3), int64s(4, 5), null, int64s(1)] },
  { op: 'TopK', opset: 9, inputs: [floats(2, 5)], attributes: { k: int(3) }, outputs: 2 },
  { op: 'TopK', opset: 10, inputs: [floats(2, 5), int64s(2)], outputs: 2 },
  { op: 'TopK', opset: 11, inputs: [floats(5, 2), int64s(2)], attributes: { axis: int(0) }, outputs: 2 },
  { op: 'Clip', opset: 9, inputs: [floats(2, 5)], attributes: { min: float(0), max: float(1) } },
  { op: 'Clip', opset: 11, inputs: [floats(2, 5), null, numbers('float32', [], [1])] },
  { op: 'Dropout', opset: 9, inputs: [floats(2, 5)], outputs: 2 },
  { op: 'Dropout', opset: 10, inputs: [floats(2, 5)], outputs: 2 },
  { op: 'Dropout', opset: 12, inputs: [floats(2, 5)], outputs: 2 },
  { op: 'BatchNormalization', opset: 9, inputs: [floats(2, 3, 4, 4), ...Array.from({ length: 4 }, () => floats(3))] },
  { op: 'BatchNormalization', opset: 14, inputs: [floats(2, 3, 4, 4), ...Array.from({ length: 4 }, () => floats(3))] },
  { op: 'Upsample', opset: 7, inputs: [floats(1, 2, 3, 5)], attributes: { scales: floatList([1, 1, 2, 1.5]) } },
  { op: 'Upsample', opset: 9, inputs: [floats(1, 2, 3, 5), numbers('float32', [4], [1, 1, 2, 3])] },
  { op: 'Resize', opset: 10, inputs: [floats(1, 2, 3, 5), numbers('float32', [4], [1, 1, 2, 0.5])] },
  { op: 'Resize', opset: 11, inputs: [floats(1, 2, 3, 10), floats(0), numbers('float32', [4], [1, 1, 2, 0.7])] },
  { op: 'Resize', opset: 11, inputs: [floats(1, 2, 3, 5), floats(0), floats(0), int64s(1, 2, 7, 9)] },
  { op: 'Resize', opset: 13, inputs: [floats(1, 2, 3, 5), null, null, int64s(1, 2, 7, 9)] },
  {
    op: 'Resize',
    opset: 18,
    inputs: [floats(1, 2, 3, 5), null, null, int64s(7, 9)],
    attributes: { axes: ints([2, 3]) },
  },
  {
    op: 'Resize',
    opset: 18,
    inputs: [floats(1, 2, 3, 5), null, null, int64s(7, 9)],
    attributes: { axes: ints([2, 3]), keep_aspect_ratio_policy: string('not_larger') },
  },
  { op: 'Softmax', opset: 11, inputs: [floats(2, 3, 4)] },
  { op: 'Flatten', opset: 9, inputs: [floats(2, 3, 4)], attributes: { axis: int(2) } },
  { op: 'Flatten', opset: 13, inputs: [floats(2, 3, 4)], attributes: { axis: int(-1) } },
  { op: 'Reshape', opset: 13, inputs: [floats(2, 3, 4), int64s(0, -1)] },
  { op: 'Reshape', opset: 14, inputs: [floats(0, 3), int64s(3, 0)], attributes: { allowzero: int(1) } },
  { op: 'Cast', opset: 9, inputs: [floats(2)], attributes: { to: int(7) } },
  { op: 'Gemm', opset: 9, inputs: [floats(2, 3), floats(4, 3), floats(4)], attributes: { transB: int(1) } },
  { op: 'Gemm', opset: 13, inputs: [floats(3, 2), floats(3, 4)], attributes: { transA: int(1) } },
  { op: 'ConstantOfShape', opset: 9, inputs: [int64s(2, 3)] },
  { op: 'Expand', opset: 8, inputs: [floats(3, 1), int64s(2, 1, 6)] },
  { op: 'Tile', opset: 9, inputs: [floats(2, 3), int64s(2, 1)] },
  { op: 'OneHot', opset: 11, inputs: [numbers('int64', [2, 2]), int64s(5), floats(2)], attributes: { axis: int(1) } },
  { op: 'Scatter', opset: 10, inputs: [floats(3, 3), numbers('int64', [1, 2]), floats(1, 2)] },
  { op: 'AveragePool', opset: 10, inputs: [floats(1, 2, 7, 7)], attributes: pool(3, 2, 1) },
  { op: 'AveragePool', opset: 19, inputs: [floats(1, 2, 6, 6)], attributes: pool(2, 3, 1) },
  { op: 'MaxPool', opset: 8, inputs: [floats(1, 2, 7, 7)], attributes: { kernel_shape: ints([3, 3]) }, outputs: 2 },
  { op: 'MaxPool', opset: 12, inputs: [floats(1, 2, 5, 6)], attributes: pool(2, 2, 1), outputs: 2 },
  { op: 'LpPool', opset: 11, inputs: [floats(1, 2, 7, 7)], attributes: { kernel_shape: ints([3, 3]) } },
  {
    op: 'Conv',
    opset: 11,
    inputs: [floats(1, 4, 9, 8), floats(6, 2, 3, 3)],
    attributes: { group: int(2), strides: ints([2, 3]), dilations: ints([2, 1]), pads: ints([1, 2, 0, 3]) },
  },
  {
    op: 'Conv',
    opset: 11,
    inputs: [floats(1, 2, 9), floats(3, 2, 4)],
    attributes: { auto_pad: string('SAME_UPPER'), strides: ints([2]) },
  },
  {
    op: 'Conv',
    opset: 11,
    inputs: [floats(1, 2, 9), floats(3, 2, 4)],
    attributes: { auto_pad: string('VALID'), strides: ints([2]) },
  },
  {
    op: 'ConvTranspose',
    opset: 11,
    inputs: [floats(1, 4, 5, 5), floats(4, 3, 3, 3)],
    attributes: { group: int(2), strides: ints([2, 2]), pads: ints([1, 0, 1, 1]), output_padding: ints([1, 0]) },
  },
  {
    op: 'ConvTranspose',
    opset: 11,
    inputs: [floats(1, 2, 5), floats(2, 3, 3)],
    attributes: { auto_pad: string('SAME_LOWER'), strides: ints([3]) },
  },
  {
    op: 'ConvTranspose',
    opset: 11,
    inputs: [floats(1, 2, 5), floats(2, 3, 3)],
    attributes: { output_shape: ints([12]), strides: ints([2]) },
  },
  {
    op: 'LSTM',
    opset: 7,
    inputs: [floats(5, 2, 3), floats(1, 16, 3), floats(1, 16, 4)],
    attributes: { hidden_size: int(4) },
    outputs: 3,
  },
  {
    op: 'GRU',
    opset: 14,
    inputs: [floats(5, 2, 3), floats(2, 12, 3), floats(2, 12, 4)],
    attributes: { hidden_size: int(4), direction: string('bidirectional') },
    outputs: 2,
  },
  {
    op: 'RNN',
    opset: 7,
    inputs: [floats(5, 2, 3), floats(1, 4, 3), floats(1, 4, 4)],
    attributes: { hidden_size: int(4) },
    outputs: 2,
  },
  { op: 'LayerNormalization', opset: 17, inputs: [floats(2, 3, 4), floats(4)], outputs: 3 },
  { op: 'QuantizeLinear', opset: 10, inputs: [floats(2, 3), numbers('float32', [], [0.5]), numbers('int8', [], [1])] },
  { op: 'QuantizeLinear', opset: 13, inputs: [floats(2, 3), numbers('float32', [3])], attributes: { axis: int(-1) } },
  { op: 'DequantizeLinear', opset: 13, inputs: [numbers('int8', [2, 3]), floats(2)], attributes: { axis: int(0) } },
  {
    op: 'DequantizeLinear',
    opset: 21,
    inputs: [numbers('uint8', [2, 6]), floats(2, 3)],
    attributes: { axis: int(1), block_size: int(2) },
  },
  { op: 'DynamicQuantizeLinear', opset: 11, inputs: [floats(2, 3)], outputs: 3 },
  { op: 'MatMulInteger', opset: 10, inputs: [numbers('uint8', [2, 3]), numbers('int8', [3, 4])] },
  {
    op: 'Einsum',
    opset: 12,
    inputs: [floats(2, 3, 4), floats(2, 4, 5)],
    attributes: { equation: string('bij, bjk -> bki') },
  },
  { op: 'Einsum', opset: 12, inputs: [floats(2, 3, 4), floats(4)], attributes: { equation: string('...j,j') } },
  {
    op: 'GatherND',
    opset: 12,
    inputs: [floats(2, 3, 4), numbers('int64', [2, 1])],
    attributes: { batch_dims: int(1) },
  },
  { op: 'Mod', opset: 13, inputs: [floats(2, 3), floats(3)], attributes: { fmod: int(1) } },
  { op: 'Max', opset: 8, inputs: [floats(2, 1), floats(3), floats(1)] },
  { op: 'CumSum', opset: 11, inputs: [floats(2, 3), numbers('int64', [], [0])] },
  { op: 'NonZero', opset: 13, inputs: [numbers('int64', [2, 2], [1, 0, 1, 1])] },
  {
    op: 'DepthToSpace',
    opset: 11,
    inputs: [floats(1, 8, 2, 3)],
    attributes: { blocksize: int(2), mode: string('CRD') },
  },
  { op: 'STFT', opset: 17, inputs: [floats(1, 64, 1), numbers('int64', [], [8]), floats(16)] },
  { op: 'GridSample', opset: 16, inputs: [floats(1, 2, 4, 4), floats(1, 3, 5, 2)] },
  {
    op: 'GroupNormalization',
    opset: 21,
    inputs: [floats(1, 4, 3, 3), floats(4), floats(4)],
    attributes: { num_groups: int(2) },
  },
];

function pool(kernel: number, stride: number, ceilMode: number) {
  return { kernel_shape: ints([kernel, kernel]), strides: ints([stride, stride]), ceil_mode: int(ceilMode) };
}

const named = CALLS.map((call, index) => ({ call, title: `${index}: ${call.op} of opset ${call.opset}` }));

test.each(named)('$title: as ONNX Runtime has it', async ({ call }) => {
  const { model, feeds } = modelOf(call);
  const produced = await runTypes(model, feeds);
  const types = inferTypes(model, { strict: true, data: feeds });
  for (const value of model.graph.outputs) {
    expect(judge(types.typeOf(value), produced.get(value.name)!)).toBe('equal');
  }
});

test.each(named)('$title: with symbols, true for the sizes they stand for', async ({ call }) => {
  const { model, feeds } = modelOf(call);
  const produced = await runTypes(model, feeds);
  const sizes: Record<string, number> = {};
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => {
      const shape = tensor.dims.map((dim, axis) => {
        sizes[`${name}_${axis}`] = dim;
        return symbol(`${name}_${axis}`);
      });
      return [name, tensorType('float32', shape)] as const;
    }),
  );
  const types = inferTypes(model, { strict: true, inputs });
  for (const value of model.graph.outputs) {
    expect(['equal', 'incomplete']).toContain(judge(types.typeOf(value), produced.get(value.name)!, sizes));
  }
});
