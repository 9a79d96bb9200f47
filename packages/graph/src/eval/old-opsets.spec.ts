import { GraphBuilder, type PlainAttribute } from '../builder.js';
import { attribute } from '../ir/attribute.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import { evaluate } from './evaluate.js';
import { numbers, runInOrt } from './testing/ort.js';

interface Case {
  readonly title: string;
  readonly op: string;
  readonly opset: number;
  readonly dims: readonly number[];
  readonly attributes: Record<string, PlainAttribute>;
  readonly constants: readonly Tensor[];
  readonly outputs: number;
}

function form(
  op: string,
  opset: number,
  dims: readonly number[],
  attributes: Record<string, PlainAttribute>,
  constants: readonly Tensor[] = [],
  outputs = 1,
): Case {
  const title = `${op} ${opset} on [${dims.join(',')}] ${JSON.stringify(attributes)}`;
  return { title, op, opset, dims, attributes, constants, outputs };
}

const int64 = (...values: number[]) => Tensor.fromNumbers('int64', [values.length], values);
const positive = (count: number, seed: number) =>
  Tensor.of(
    'float32',
    [count],
    numbers([count], seed)
      .toFloat32()
      .map((v) => v * v + 0.1),
  );

/** Operator, opset, dims of the fed input, attributes, constant inputs, outputs: forms that later opsets changed. */
const CASES: readonly Case[] = [
  form('Softmax', 7, [2, 3, 4], {}),
  form('Softmax', 11, [2, 3, 4], { axis: -2 }),
  form('Softmax', 13, [2, 3, 4], { axis: 1 }),
  form('LogSoftmax', 11, [2, 3, 4], { axis: 2 }),
  form('Hardmax', 11, [2, 3, 4], { axis: 1 }),
  form('Clip', 6, [2, 3], { min: attribute.float(-0.25), max: attribute.float(0.5) }),
  form('Clip', 6, [2, 3], { min: attribute.float(0) }),
  form('Squeeze', 7, [1, 3, 1], { axes: [0] }),
  form('Squeeze', 11, [1, 3, 1], {}),
  form('Unsqueeze', 7, [2, 3], { axes: [0, 3] }),
  form('ReduceSum', 7, [2, 3, 4], { axes: [0, 2], keepdims: 0 }),
  form('ReduceSum', 11, [2, 3, 4], { axes: [-1] }),
  form('ReduceSum', 13, [2, 3, 4], { noop_with_empty_axes: 1 }),
  form('ReduceMean', 13, [2, 3, 4], { axes: [1] }),
  form('ReduceMax', 7, [2, 3, 4], {}),
  form('Slice', 7, [4, 5], { starts: [1, -3], ends: [100, -1], axes: [0, 1] }),
  form('Slice', 7, [4, 5], { starts: [1], ends: [3] }),
  form('Slice', 10, [4, 5], {}, [int64(3, 4), int64(-100, 0), int64(0, 1), int64(-1, -2)]),
  form('Pad', 7, [2, 3], { pads: [0, 1, 2, 0], value: attribute.float(0.5) }),
  form('Pad', 7, [4, 5], { pads: [1, 2, 1, 2], mode: 'reflect' }),
  form('Pad', 11, [4, 5], { mode: 'edge' }, [int64(1, 2, 0, 3)]),
  form('Pad', 11, [4, 5], {}, [int64(-1, 2, 0, -2)]),
  form('TopK', 7, [3, 5], { k: 2, axis: 1 }, [], 2),
  form('TopK', 10, [3, 5], { axis: 0 }, [int64(2)], 2),
  form('Split', 7, [5, 4], { split: [2, 3], axis: 0 }, [], 2),
  form('Split', 11, [4, 6], { axis: 1 }, [], 3),
  form('Split', 18, [4, 5], { axis: 1, num_outputs: 2 }, [], 2),
  form('Dropout', 7, [2, 3], { ratio: attribute.float(0.5) }),
  form('Dropout', 10, [2, 3], {}),
  form('BatchNormalization', 7, [2, 3, 4], {}, [positive(3, 1), positive(3, 2), positive(3, 3), positive(3, 4)]),
  form('BatchNormalization', 9, [2, 3, 4, 2], {}, [positive(3, 1), positive(3, 2), positive(3, 3), positive(3, 4)]),
  form('Gemm', 7, [3, 4], { transB: 1, alpha: attribute.float(0.5) }, [numbers([5, 4], 2), numbers([3, 1], 3)]),
  form('Gemm', 9, [3, 4], { beta: attribute.float(2) }, [numbers([4, 5], 2), numbers([5], 3)]),
  form('Flatten', 7, [2, 3, 4], { axis: 0 }),
  form('Flatten', 11, [2, 3, 4], { axis: -1 }),
  form('Cast', 9, [2, 3], { to: 7 }),
  form('Add', 7, [2, 3, 4], {}, [numbers([3, 1], 2)]),
  form('PRelu', 7, [2, 3, 4], {}, [numbers([3, 1], 2)]),
  form('MaxPool', 8, [1, 2, 5, 6], { kernel_shape: [2, 3], strides: [2, 1], pads: [1, 1, 0, 1] }, [], 2),
  form('MaxPool', 10, [1, 2, 5, 6], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
  form('AveragePool', 7, [1, 2, 5, 6], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  form('AveragePool', 10, [1, 2, 5, 6], { kernel_shape: [3, 3], auto_pad: 'SAME_LOWER', strides: [2, 2] }),
  form('Conv', 1, [2, 4, 5, 6], { group: 2, auto_pad: 'SAME_UPPER', strides: [2, 1] }, [
    numbers([6, 2, 2, 3], 2),
    numbers([6], 3),
  ]),
  form('Conv', 11, [2, 4, 5, 6], { group: 2, pads: [1, 0, 2, 1], dilations: [2, 1] }, [
    numbers([6, 2, 2, 3], 2),
    numbers([6], 3),
  ]),
  form('ConvTranspose', 1, [1, 4, 3, 3], { strides: [2, 2], output_padding: [1, 0], group: 2 }, [
    numbers([4, 3, 3, 2], 2),
  ]),
  form('ConvTranspose', 11, [1, 2, 3, 3], { strides: [2, 2], output_shape: [6, 7] }, [numbers([2, 3, 3, 3], 2)]),
  form('ConvTranspose', 11, [1, 2, 3, 3], { strides: [2, 2], auto_pad: 'SAME_UPPER' }, [numbers([2, 3, 3, 3], 2)]),
  form('Scatter', 9, [3, 3], { axis: 1 }, [Tensor.fromNumbers('int64', [1, 2], [2, 0]), numbers([1, 2], 2)]),
  form('InstanceNormalization', 6, [2, 3, 4, 4], {}, [positive(3, 1), positive(3, 2)]),
  form('LRN', 1, [2, 5, 3, 3], { size: 3 }),
  form('MeanVarianceNormalization', 9, [2, 3, 4, 4], {}),
];

/** Sums of fewer than 64 products of numbers below 4, and transcendental functions of them, rounded to float32. */
const BOUND = 64 * 4 * 2 ** -22;

test.each(CASES)('$title', async ({ op, opset, dims, attributes, constants, outputs }) => {
  const g = new GraphBuilder('net', { opset: Math.max(opset, 7) });
  const x = g.input('x', 'float32', dims);
  const inputs = [x, ...constants.map((tensor) => g.graph.addInitializer('c', tensor))];
  g.ops(op, inputs, attributes, { outputs }).forEach((value, i) => g.output(value, `y${i}`));
  const model = g.model();
  const feeds = { x: numbers(dims, 7) };
  const ours = evaluate(model, feeds);
  for (const output of model.graph.outputs) model.graph.setType(output, tensorType(ours[output.name]!.dtype));
  const theirs = await runInOrt(model, feeds);
  for (const [name, expected] of Object.entries(theirs)) {
    expect([ours[name]!.dtype, ...ours[name]!.dims]).toEqual([expected.dtype, ...expected.dims]);
    const [a, b] = [ours[name]!.toFloat64(), expected.toFloat64()];
    expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)).toBeLessThanOrEqual(BOUND);
  }
});
