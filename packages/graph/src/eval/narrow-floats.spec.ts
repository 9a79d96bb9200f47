import { GraphBuilder, type PlainAttribute } from '../builder.js';
import { type DType, dtypeCode } from '../dtype.js';
import { attribute } from '../ir/attribute.js';
import { Tensor } from '../ir/tensor.js';
import { errorCode } from '../testing/error-code.js';
import { evaluate } from './evaluate.js';

function run(
  op: string,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
  attributes: Record<string, PlainAttribute> = {},
  outputs = 1,
): Tensor {
  const g = new GraphBuilder('net', { opset, irVersion: 13 });
  const values = inputs.map((tensor) => tensor && g.graph.addInitializer('c', tensor));
  const results = g.ops(op, values, attributes, { outputs });
  return evaluate(g.output(results.at(-1)!, 'y').model(), {})['y']!;
}

const of = (dtype: DType, values: readonly number[], dims: readonly number[] = [values.length]) =>
  Tensor.fromNumbers(dtype, dims, values);
const cast = (to: DType, values: readonly number[], attributes: Record<string, PlainAttribute> = {}) => [
  ...run('Cast', 28, [of('float32', values)], { to: dtypeCode(to), ...attributes }).toFloat64(),
];

test('Cast to formats of 4 and 6 bits rounds half to even and saturates in any case', () => {
  const values = [0.3, 0.25, 2.5, -100, Infinity];
  expect(cast('float4e2m1', values)).toEqual([0.5, 0, 2, -6, 6]);
  expect(cast('float6e2m3', values)).toEqual([0.25, 0.25, 2.5, -7.5, 7.5]);
  expect(cast('float6e3m2', values)).toEqual([0.3125, 0.25, 2.5, -28, 28]);
  expect(cast('float6e3m2', values, { saturate: 0 })).toEqual([0.3125, 0.25, 2.5, -28, 28]);
  expect(cast('float4e2m1', values, { saturate: 0 })).toEqual([0.5, 0, 2, -6, 6]);
});

test('Cast and CastLike to float8e8m0 round as they are told', () => {
  const values = [3, 5, 6, 0.7];
  expect(cast('float8e8m0', values)).toEqual([4, 8, 8, 1]);
  expect(cast('float8e8m0', values, { round_mode: 'down' })).toEqual([2, 4, 4, 0.5]);
  expect(cast('float8e8m0', values, { round_mode: 'nearest' })).toEqual([4, 4, 8, 0.5]);
  const like = [of('float32', values), Tensor.of('float8e8m0', [1], Uint8Array.of(127))];
  expect([...run('CastLike', 25, like, { round_mode: 'down' }).toFloat64()]).toEqual([2, 4, 4, 0.5]);
});

test('BitCast reads bytes and packed codes as another dtype', () => {
  const bits = (from: DType, to: DType, values: readonly number[]) => [
    ...run('BitCast', 26, [of(from, values)], { to: dtypeCode(to) }).toFloat64(),
  ];
  expect(bits('int4', 'uint4', [-1, 7, -8])).toEqual([15, 7, 8]);
  expect(bits('uint4', 'float4e2m1', [1, 7, 9])).toEqual([0.5, 6, -0.5]);
  expect(bits('uint2', 'int2', [0, 1, 2, 3, 2])).toEqual([0, 1, -2, -1, -2]);
  expect(bits('uint8', 'float8e8m0', [127, 128])).toEqual([1, 2]);
  expect(bits('float16', 'uint16', [1, -2])).toEqual([0x3c00, 0xc000]);
  expect(bits('float32', 'int32', [1])).toEqual([0x3f800000]);
  expect(errorCode(() => bits('int4', 'int8', [1]))).toBe('ERR_EVAL_OP');
});

describe('QuantizeLinear', () => {
  const quantize = (opset: number, inputs: readonly Tensor[], attributes: Record<string, PlainAttribute>) => [
    ...run('QuantizeLinear', opset, inputs, attributes).toFloat64(),
  ];

  test('float8 saturates or not', () => {
    const inputs = [of('float32', [1000, -1e6, 3]), of('float32', [1], [])];
    const output = { output_dtype: dtypeCode('float8e4m3fn') };
    expect(quantize(21, inputs, output)).toEqual([448, -448, 3]);
    expect(quantize(21, inputs, { ...output, saturate: 0 })).toEqual([NaN, NaN, 3]);
    expect(quantize(21, inputs, { output_dtype: dtypeCode('float8e5m2'), saturate: 0 })).toEqual([1024, -Infinity, 3]);
  });

  test('formats of 4 and 6 bits', () => {
    const inputs = [of('float32', [1, 5, -40]), of('float32', [2], [])];
    expect(quantize(28, inputs, { output_dtype: dtypeCode('float6e2m3') })).toEqual([0.5, 2.5, -7.5]);
    expect(quantize(28, inputs, { output_dtype: dtypeCode('float4e2m1') })).toEqual([0.5, 2, -6]);
  });

  test('the quotient has the precision asked for, since opset 23 by default the scale’s', () => {
    // 2049 / 2 = 1024.5 goes to 1024; in float16 (11 bits) 1024.5 is representable, 4098 / 2 = 2049 is not and goes to 2048.
    const inputs = [of('float32', [4098]), of('float16', [2], [])];
    const output = { output_dtype: dtypeCode('int16') };
    expect(quantize(23, inputs, output)).toEqual([2048]);
    expect(quantize(23, inputs, { ...output, precision: dtypeCode('float32') })).toEqual([2049]);
  });
});

test('DequantizeLinear of 6-bit codes, in blocks', () => {
  const codes = of('float6e3m2', [1, 0.5, -28, 2], [1, 4]);
  const scales = of('float32', [2, 10], [1, 2]);
  const y = run('DequantizeLinear', 28, [codes, scales], { axis: 1, block_size: 2 });
  expect([...y.toFloat64()]).toEqual([2, 1, -280, 20]);
});

test('normalizations: the type of the scale, and of stash_type', () => {
  const x = of('float16', [3, 4], [1, 2]);
  const y = run('RMSNormalization', 23, [x, of('float32', [1, 1])], { epsilon: attribute.float(0) });
  expect(y.dtype).toBe('float32');
  // 3 / sqrt(12.5) rounded to float16, the type the first stage gives.
  expect(y.toFloat64()[0]).toBeCloseTo(3 / Math.sqrt(12.5), 3);
  const inputs = [x, of('float16', [1, 1]), of('float16', [0, 0])];
  expect(run('LayerNormalization', 17, inputs, {}, 2).dtype).toBe('float32');
  expect(run('LayerNormalization', 17, inputs, { stash_type: dtypeCode('bfloat16') }, 2).dtype).toBe('bfloat16');
});

test('BatchNormalization with statistics of each element, before opset 9', () => {
  const x = of('float32', [1, 2, 3, 4], [2, 1, 2]);
  const ones = of('float32', [1, 1], [1, 2]);
  const statistics = [of('float32', [2, 3], [1, 2]), of('float32', [1, 4], [1, 2])];
  const y = run('BatchNormalization', 7, [x, ones, of('float32', [0, 1], [1, 2]), ...statistics], {
    spatial: 0,
    epsilon: attribute.float(0),
  });
  expect([...y.toFloat64()]).toEqual([-1, 0.5, 1, 1.5]);
});
