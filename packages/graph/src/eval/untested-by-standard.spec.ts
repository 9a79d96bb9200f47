import { GraphBuilder, type PlainAttribute } from '../builder.js';
import type { DType } from '../dtype.js';
import { attribute } from '../ir/attribute.js';
import { Tensor } from '../ir/tensor.js';
import { evaluate } from './evaluate.js';
import { expectLikeOrt } from './testing/expect-like-ort.js';
import { numbers, runInOrt } from './testing/ort.js';

type Attributes = Record<string, PlainAttribute>;

/** Sums of fewer than 64 products of numbers below 4, and transcendental functions of them, rounded to float32. */
const BOUND = 64 * 4 * 2 ** -22;

/** Operators that no case of the ONNX node tests covers, against ONNX Runtime. */
const compare = (kind: string, inputs: readonly (Tensor | undefined)[], attributes: Attributes = {}, outputs = 1) =>
  expectLikeOrt(kind, inputs, attributes, { outputs, bound: BOUND });

const integers = (dtype: DType, dims: readonly number[], values: readonly number[]) =>
  Tensor.fromNumbers(dtype, dims, values);
const x234 = numbers([2, 3, 4], 1);

test.each(['Asinh', 'Sinh', 'Cosh', 'HardSwish'])('%s', async (op) => {
  await compare(op, [x234]);
});

test('IsNaN, Mean, EyeLike', async () => {
  await compare('IsNaN', [integers('float32', [3], [1, NaN, Infinity])]);
  await compare('Mean', [x234, numbers([3, 1], 2), numbers([4], 3)]);
  await compare('EyeLike', [numbers([3, 5], 1)], { k: 1, dtype: 7 });
  await compare('EyeLike', [numbers([4, 3], 1)], { k: -1 });
});

test('GlobalAveragePool, GlobalLpPool, MaxUnpool', async () => {
  await compare('GlobalAveragePool', [numbers([2, 3, 4, 5], 1)]);
  await compare('GlobalLpPool', [numbers([2, 3, 4, 5], 1)], { p: 3 });
  const places = integers('int64', [1, 1, 2, 2], [5, 7, 13, 15]);
  await compare('MaxUnpool', [numbers([1, 1, 2, 2], 1), places], { kernel_shape: [2, 2], strides: [2, 2] });
});

test('GroupNormalization with a scale per channel', async () => {
  const inputs = [numbers([2, 6, 3, 2], 1), numbers([6], 2), numbers([6], 3)];
  await compare('GroupNormalization', inputs, { num_groups: 3, epsilon: attribute.float(1e-3) });
});

test('MelWeightMatrix', async () => {
  const scalars = [8, 64, 8000].map((value) => integers('int64', [], [value]));
  const edges = [0, 4000].map((value) => integers('float32', [], [value]));
  await compare('MelWeightMatrix', [...scalars, ...edges]);
});

test('sequences: erase and join', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', [2, 3]);
  const parts = g.op('SequenceConstruct', [x, g.op('Neg', [x]), g.op('Exp', [x])]);
  const rest = g.op('SequenceErase', [parts, g.constant(-2)]);
  g.output(g.op('ConcatFromSequence', [rest], { axis: -1 }), 'a', 'float32');
  g.output(g.op('ConcatFromSequence', [rest], { axis: 1, new_axis: 1 }), 'b', 'float32');
  const [model, feeds] = [g.model(), { x: numbers([2, 3], 1) }];
  const [ours, theirs] = [evaluate(model, feeds), await runInOrt(model, feeds)];
  for (const name of ['a', 'b']) {
    expect(ours[name]!.dims).toEqual(theirs[name]!.dims);
    const expected = theirs[name]!.toFloat64();
    ours[name]!.toFloat64().forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(BOUND));
  }
});

test('SimplifiedLayerNormalization, of ONNX Runtime in the standard domain', async () => {
  await compare('SimplifiedLayerNormalization', [x234, numbers([4], 2)], { epsilon: attribute.float(1e-5), axis: -1 });
});

test('gates of com.microsoft', async () => {
  const bias = numbers([4], 2);
  await compare('com.microsoft::Gelu', [x234]);
  await compare('com.microsoft::BiasGelu', [x234, bias]);
  await compare('com.microsoft::FastGelu', [x234, bias]);
  await compare('com.microsoft::FastGelu', [x234]);
  await compare('com.microsoft::QuickGelu', [x234], { alpha: attribute.float(1.5) });
});

test('skip and embedding normalizations of com.microsoft', async () => {
  const [skip, scale, shift, bias] = [numbers([2, 3, 4], 2), numbers([4], 3), numbers([4], 4), numbers([4], 5)];
  const epsilon = { epsilon: attribute.float(1e-5) };
  await compare('com.microsoft::SkipLayerNormalization', [x234, skip, scale, shift, bias], epsilon);
  await compare('com.microsoft::SkipLayerNormalization', [x234, skip, scale], epsilon);
  await compare('com.microsoft::SkipSimplifiedLayerNormalization', [x234, skip, scale, bias], epsilon);
  const ids = integers('int32', [2, 3], [0, 4, 2, 1, 1, 3]);
  const segments = integers('int32', [2, 3], [0, 1, 1, 0, 0, 1]);
  const tables = [numbers([5, 4], 6), numbers([8, 4], 7), numbers([2, 4], 8)];
  const mask = integers('int32', [2, 3], [1, 1, 0, 1, 1, 1]);
  await compare('com.microsoft::EmbedLayerNormalization', [ids, segments, ...tables, scale, shift, mask], epsilon, 2);
});

test('FusedMatMul with transposed operands and a factor', async () => {
  const [a, b] = [numbers([2, 5, 3], 1), numbers([2, 4, 5], 2)];
  await compare('com.microsoft::FusedMatMul', [a, b], { transA: 1, transB: 1, alpha: attribute.float(0.5) });
});

test('ConvTranspose into an output larger than its windows reach', async () => {
  const inputs = [numbers([2, 4, 5, 3], 1), numbers([4, 2, 2, 1], 2), numbers([4], 3)];
  await compare('ConvTranspose', inputs, { group: 2, strides: [3, 2], output_shape: [16, 6] });
});

test.each(['max', 'avg'])('RoiAlign, %s, of regions that reach outside', async (mode) => {
  const regions = Tensor.fromNumbers('float32', [3, 4], [-6, -5, 2, 3, 1, 2, 9, 12, 8, 8, 9, 9]);
  const inputs = [numbers([2, 2, 5, 6], 1), regions, integers('int64', [3], [0, 1, 0])];
  for (const coordinate_transformation_mode of ['half_pixel', 'output_half_pixel']) {
    const attributes = { mode, coordinate_transformation_mode, output_height: 2, output_width: 3 };
    await compare('RoiAlign', inputs, attributes);
    await compare('RoiAlign', inputs, { ...attributes, sampling_ratio: 2 });
  }
});
