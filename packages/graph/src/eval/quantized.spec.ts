import { GraphBuilder, type PlainAttribute } from '../builder.js';
import type { DType } from '../dtype.js';
import { Tensor } from '../ir/tensor.js';
import { evaluate } from './evaluate.js';
import { numbers, runInOrt } from './testing/ort.js';

/** Integers over the whole range of an 8-bit dtype. */
function codes(dtype: 'int8' | 'uint8', dims: readonly number[], seed: number): Tensor {
  const low = dtype === 'int8' ? -128 : 0;
  return Tensor.fromNumbers(
    dtype,
    dims,
    numbers(dims, seed)
      .toFloat32()
      .map((v) => Math.floor((v + 1) * 128) + low),
  );
}

const scales = (count: number, seed: number) =>
  Tensor.of(
    'float32',
    [count],
    numbers([count], seed)
      .toFloat32()
      .map((v) => 0.01 + Math.abs(v) / 100),
  );

const scalar = (dtype: DType, value: number) => Tensor.scalar(dtype, value);

/** Runs one operator over constants but for the first input, here and in ONNX Runtime: all outputs must be equal bit by bit. */
async function expectSame(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Record<string, PlainAttribute> = {},
  outputs = 1,
): Promise<void> {
  const [first, ...rest] = inputs;
  const g = new GraphBuilder('net', { opset: 21, irVersion: 10 });
  const x = g.input('x', first!.dtype, first!.dims);
  const values = rest.map((tensor) => tensor && g.graph.addInitializer('c', tensor));
  g.ops(op, [x, ...values], attributes, { outputs }).forEach((value, i) => g.output(value, `y${i}`));
  const model = g.model();
  for (const output of model.graph.outputs)
    model.graph.setType(output, { kind: 'tensor', dtype: dtypeOf(op, output.name, rest), shape: undefined });
  const [ours, theirs] = [evaluate(model, { x: first! }), await runInOrt(model, { x: first! })];
  expect(Object.keys(theirs)).toHaveLength(outputs);
  for (const [name, expected] of Object.entries(theirs)) {
    expect(ours[name]!.dims).toEqual(expected.dims);
    expect(ours[name]!.toFloat64()).toEqual(expected.toFloat64());
  }
}

function dtypeOf(op: string, output: string, rest: readonly (Tensor | undefined)[]): DType {
  if (op === 'DynamicQuantizeLinear') return output === 'y1' ? 'float32' : 'uint8';
  if (op === 'DequantizeLinear') return 'float32';
  if (op.endsWith('Integer')) return 'int32';
  return (op === 'QuantizeLinear' ? rest[1] : rest[6])!.dtype;
}

test.each([1, 2, 3])('DynamicQuantizeLinear, data %i', async (seed) => {
  await expectSame('DynamicQuantizeLinear', [numbers([7, 31], seed)], {}, 3);
});

test.each(['int8', 'uint8'] as const)('QuantizeLinear to %s, per tensor and per axis', async (dtype) => {
  const x = Tensor.of(
    'float32',
    [5, 6],
    numbers([5, 6], 1)
      .toFloat32()
      .map((v) => v * 4),
  );
  await expectSame('QuantizeLinear', [x, scalar('float32', 0.03), scalar(dtype, 7)]);
  await expectSame('QuantizeLinear', [x, scales(6, 2), codes(dtype, [6], 3)], { axis: 1 });
  await expectSame('QuantizeLinear', [x, scales(5, 2), codes(dtype, [5], 3)], { axis: 0 });
});

test.each(['int8', 'uint8'] as const)('DequantizeLinear of %s, per tensor and per axis', async (dtype) => {
  const x = codes(dtype, [5, 6], 1);
  await expectSame('DequantizeLinear', [x, scalar('float32', 0.03), scalar(dtype, 7)]);
  await expectSame('DequantizeLinear', [x, scales(5, 2), codes(dtype, [5], 3)], { axis: 0 });
});

test('MatMulInteger: uint8 by int8, zero points per tensor and per column', async () => {
  const [a, b] = [codes('uint8', [3, 4, 33], 1), codes('int8', [33, 9], 2)];
  await expectSame('MatMulInteger', [a, b]);
  await expectSame('MatMulInteger', [a, b, scalar('uint8', 117), scalar('int8', -3)]);
  await expectSame('MatMulInteger', [a, b, scalar('uint8', 117), codes('int8', [9], 3)]);
});

test('ConvInteger with groups, padding and zero points', async () => {
  const [x, w] = [codes('uint8', [2, 4, 7, 6], 1), codes('uint8', [6, 2, 3, 3], 2)];
  await expectSame('ConvInteger', [x, w, scalar('uint8', 100), scalar('uint8', 131)], { group: 2, pads: [1, 1, 1, 1] });
});

test.each(['int8', 'uint8'] as const)('QLinearConv with %s weights per channel and a bias', async (dtype) => {
  const bias = Tensor.fromNumbers('int32', [6], [100, -2000, 30000, 4, -5, 0]);
  // ONNX Runtime takes weights of uint8 per tensor only.
  const [scale, zero] =
    dtype === 'int8'
      ? [scales(6, 3), codes(dtype, [6], 5).reshaped([6])]
      : [scalar('float32', 0.02), scalar(dtype, 99)];
  const zeros = dtype === 'int8' ? Tensor.fromNumbers('int8', [6], new Array<number>(6).fill(0)) : zero;
  await expectSame(
    'QLinearConv',
    [
      codes('uint8', [2, 4, 7, 6], 1),
      scalar('float32', 0.017),
      scalar('uint8', 121),
      codes(dtype, [6, 2, 3, 3], 2),
      scale,
      zeros,
      scalar('float32', 0.31),
      scalar('uint8', 111),
      bias,
    ],
    { group: 2, strides: [2, 1], pads: [1, 0, 1, 2] },
  );
});

test('QLinearMatMul, scales per tensor and per column', async () => {
  const [a, b] = [codes('uint8', [4, 33], 1), codes('int8', [33, 9], 2)];
  const head = [a, scalar('float32', 0.02), scalar('uint8', 120), b];
  const tail = [scalar('float32', 0.9), scalar('uint8', 128)];
  await expectSame('QLinearMatMul', [...head, scalar('float32', 0.01), scalar('int8', 4), ...tail]);
  const zeros = Tensor.fromNumbers('int8', [9], new Array<number>(9).fill(0));
  await expectSame('QLinearMatMul', [...head, scales(9, 3), zeros, ...tail]);
});
