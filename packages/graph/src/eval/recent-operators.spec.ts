import { GraphBuilder, type PlainAttribute } from '../builder.js';
import { attribute } from '../ir/attribute.js';
import { Tensor } from '../ir/tensor.js';
import { errorCode } from '../testing/error-code.js';
import { evaluate } from './evaluate.js';
import { expectLikeOrt } from './testing/expect-like-ort.js';
import { numbers } from './testing/ort.js';

/** Sums of fewer than 64 products of numbers below 4, and transcendental functions of them, rounded to float32. */
const BOUND = 64 * 4 * 2 ** -22;
const bound = BOUND;

const scaled = (tensor: Tensor, factor: number, offset = 0) =>
  Tensor.of(
    'float32',
    tensor.dims,
    tensor.toFloat32().map((x) => x * factor + offset),
  );

/** One operator of the standard at `opset`, all inputs constant. */
function run(
  op: string,
  opset: number,
  inputs: readonly Tensor[],
  attributes: Record<string, PlainAttribute> = {},
): Tensor {
  const g = new GraphBuilder('net', { opset, irVersion: 10 });
  const values = inputs.map((tensor) => g.graph.addInitializer('c', tensor));
  return evaluate(g.output(g.op(op, values, attributes), 'y').model(), {})['y']!;
}

const floats = (values: readonly number[], dims: readonly number[] = [values.length]) =>
  Tensor.fromNumbers('float32', dims, values);

test('Det of singular, permuted and stacked matrices', async () => {
  await expectLikeOrt('Det', [numbers([2, 3, 4, 4], 1)], {}, { bound });
  expect(run('Det', 22, [floats([0, 2, 0, 3, 0, 0, 0, 0, 5], [3, 3])]).toFloat64()).toEqual(Float64Array.of(-30));
  expect(run('Det', 22, [floats([1, 2, 2, 4], [2, 2])]).toFloat64()).toEqual(Float64Array.of(0));
  expect(run('Det', 22, [numbers([3, 0, 0], 1)]).toFloat64()).toEqual(Float64Array.of(1, 1, 1));
  expect(errorCode(() => run('Det', 22, [numbers([2, 3], 1)]))).toBe('ERR_EVAL_SHAPE');
});

test('MaxRoiPool: halves, regions outside, empty bins', async () => {
  const rois = floats([0, 0, 0, 5, 5, 1, 1.5, 2.5, 4.4, 3.6, 0, -3, -2, 2, 1, 1, 6, 6, 9, 9], [4, 5]);
  const attributes = { pooled_shape: [3, 2], spatial_scale: attribute.float(0.75) };
  await expectLikeOrt('MaxRoiPool', [numbers([2, 3, 6, 7], 1), rois], attributes, { bound: 0 });
});

test('DeformConv with groups, groups of offsets, mask, strides, dilations and pads', async () => {
  const [x, w, bias] = [numbers([2, 4, 7, 6], 1), numbers([6, 2, 3, 2], 2), numbers([6], 3)];
  const attributes = { group: 2, offset_group: 2, pads: [1, 0, 1, 2], strides: [2, 1], dilations: [1, 2] };
  const offset = scaled(numbers([2, 2 * 6 * 2, 4, 6], 4), 3);
  await expectLikeOrt('DeformConv', [x, w, offset, bias, numbers([2, 12, 4, 6], 5)], attributes, { bound });
  await expectLikeOrt('DeformConv', [x, w, offset], attributes, { bound });
  await expectLikeOrt('DeformConv', [x, w, offset, bias], attributes, { opset: 22, bound });
});

test('DeformConv in three dimensions without offsets is Conv', () => {
  const [x, w] = [numbers([1, 2, 4, 5, 3], 1), numbers([3, 2, 2, 2, 2], 2)];
  const offset = floats(new Array<number>(24 * 3 * 4 * 2).fill(0), [1, 24, 3, 4, 2]);
  const [deformed, plain] = [run('DeformConv', 22, [x, w, offset]), run('Conv', 22, [x, w])];
  expect(deformed.dims).toEqual(plain.dims);
  expect(deformed.toFloat32()).toEqual(plain.toFloat32());
});

test.each(['none', 'silu'])('CausalConvWithState, activation %s', async (activation) => {
  const [x, w, bias, past] = [numbers([2, 3, 5], 1), numbers([3, 1, 4], 2), numbers([3], 3), numbers([2, 3, 3], 4)];
  const options = { outputs: 2, bound };
  await expectLikeOrt('com.microsoft::CausalConvWithState', [x, w, bias, past], { activation }, options);
  await expectLikeOrt('com.microsoft::CausalConvWithState', [numbers([2, 3, 1], 5), w], { activation }, options);
});

test('CausalConvWithState refuses what ONNX Runtime alone has', () => {
  const g = new GraphBuilder('net', { domains: { 'com.microsoft': 1 } });
  const inputs = [numbers([1, 2, 5], 1), numbers([2, 1, 2], 2)].map((tensor) => g.graph.addInitializer('c', tensor));
  g.output(g.op('CausalConvWithState', inputs, { dilation: 2 }, { domain: 'com.microsoft' }), 'y');
  expect(errorCode(() => evaluate(g.model(), {}))).toBe('ERR_EVAL_OP');
});

describe('LinearAttention', () => {
  const heads = { q_num_heads: 4, kv_num_heads: 2 };
  const [q, k, v] = [numbers([2, 3, 12], 1), numbers([2, 3, 6], 2), numbers([2, 3, 10], 3)];
  const past = numbers([2, 2, 3, 5], 4);
  const [perHead, perFeature] = [scaled(numbers([2, 3, 2], 5), 0.5, -0.6), scaled(numbers([2, 3, 6], 6), 0.5, -0.6)];
  const [rates, rate] = [scaled(numbers([2, 3, 2], 7), 0.5, 0.5), scaled(numbers([2, 3, 1], 8), 0.5, 0.5)];

  test.each([
    { update_rule: 'linear', decay: undefined, beta: undefined },
    { update_rule: 'gated', decay: perHead, beta: undefined },
    { update_rule: 'gated', decay: perFeature, beta: undefined },
    { update_rule: 'delta', decay: undefined, beta: rates },
    { update_rule: 'gated_delta', decay: perFeature, beta: rate },
  ])('$update_rule', async ({ update_rule, decay, beta }) => {
    const inputs = [q, k, v, past, decay, beta];
    await expectLikeOrt('com.microsoft::LinearAttention', inputs, { ...heads, update_rule }, { outputs: 2, bound });
    const attributes = { ...heads, update_rule, scale: attribute.float(0.7) };
    const fresh = [q, k, v, undefined, decay, beta];
    await expectLikeOrt('com.microsoft::LinearAttention', fresh, attributes, { outputs: 2, bound });
  });

  test('inputs that the rule does not take are refused', () => {
    const call = (update_rule: string, ...more: Tensor[]) =>
      errorCode(() => run('LinearAttention', 27, [q, k, v, past, ...more], { ...heads, update_rule }));
    expect(call('linear', perHead)).toBe('ERR_EVAL_INPUT');
    expect(call('gated')).toBe('ERR_EVAL_INPUT');
    expect(call('gated_delta', perHead)).toBe('ERR_EVAL_INPUT');
    expect(call('other')).toBe('ERR_EVAL_OP');
  });
});

test('a zero of floored Mod has the divisor’s sign', () => {
  const rest = run('Mod', 28, [floats([0, -0, 4, -4, 3, Infinity, 1]), floats([2, -2, -2, 2, -Infinity, 2, 0])]);
  expect([...rest.toFloat64()]).toEqual([0, -0, -0, 0, -Infinity, NaN, NaN]);
});

test('PRelu before opset 7: one slope for each channel', () => {
  const x = floats([-1, -2, -3, -4, -5, -6], [1, 3, 2]);
  expect([...run('PRelu', 6, [x, floats([1, 10, 100])]).toFloat64()]).toEqual([-1, -2, -30, -40, -500, -600]);
});

test('Attention sees as far as its windows', () => {
  // Equal scores: each query gives the mean of the values it sees.
  const [q, k] = [floats([0, 0, 0, 0], [1, 1, 4, 1]), floats([0, 0, 0, 0], [1, 1, 4, 1])];
  const v = floats([1, 2, 4, 8], [1, 1, 4, 1]);
  const means = (attributes: Record<string, PlainAttribute>) => [
    ...run('Attention', 25, [q, k, v], attributes).toFloat64(),
  ];
  expect(means({ left_window_size: 0, right_window_size: 1 })).toEqual([1.5, 3, 6, 8]);
  expect(means({ right_window_size: 0 })).toEqual(means({ is_causal: 1 }));
  expect(means({ left_window_size: 1, right_window_size: 3, is_causal: 1 })).toEqual([1, 1.5, 3, 6]);
});

test('a mask of one column broadcasts before opset 24 and hides the other keys since', () => {
  const [q, v] = [floats([0, 0], [1, 1, 2, 1]), floats([1, 2, 6], [1, 1, 3, 1])];
  const inputs = [q, floats([0, 0, 0], [1, 1, 3, 1]), v, floats([0.5, 0.25], [2, 1])];
  expect([...run('Attention', 23, inputs).toFloat64()]).toEqual([3, 3]);
  expect([...run('Attention', 24, inputs).toFloat64()]).toEqual([1, 1]);
});
