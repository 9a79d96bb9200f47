import { GraphBuilder, type PlainAttribute } from '../builder.js';
import type { DType } from '../dtype.js';
import { Tensor } from '../ir/tensor.js';
import { evaluate } from './evaluate.js';
import { numbers, runInOrt } from './testing/ort.js';

type Inputs = readonly (Tensor | undefined)[];

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

const scale = (value: number) => Tensor.scalar('float32', value);
const zero = (value: number, dtype: DType = 'uint8') => Tensor.scalar(dtype, value);
const scales = (count: number, seed: number) =>
  Tensor.of(
    'float32',
    [count],
    numbers([count], seed)
      .toFloat32()
      .map((v) => 0.01 + Math.abs(v) / 100),
  );

/** Runs a com.microsoft operator, input 0 fed, the others constant, here and in ONNX Runtime; `bound` per element of output 0. */
async function compare(
  op: string,
  inputs: Inputs,
  attributes: Record<string, PlainAttribute>,
  bound: number,
): Promise<void> {
  const g = new GraphBuilder('net', { domains: { 'com.microsoft': 1 }, opset: 17 });
  const index = inputs.findIndex((tensor, i) => i >= 0 && tensor !== undefined && tensor.dims.length > 0);
  const x = g.input('x', inputs[index]!.dtype, inputs[index]!.dims);
  const values = inputs.map((tensor, i) => (i === index ? x : tensor && g.graph.addInitializer('c', tensor)));
  g.output(g.op(op, values, attributes, { domain: 'com.microsoft' }), 'y');
  const model = g.model();
  const ours = evaluate(model, { x: inputs[index]! })['y']!;
  model.graph.setType(model.graph.outputs[0]!, { kind: 'tensor', dtype: ours.dtype, shape: undefined });
  const theirs = (await runInOrt(model, { x: inputs[index]! }))['y']!;
  expect([ours.dtype, ...ours.dims]).toEqual([theirs.dtype, ...theirs.dims]);
  const [a, b] = [ours.toFloat64(), theirs.toFloat64()];
  expect(new Set(b).size).toBeGreaterThan(3);
  expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)).toBeLessThanOrEqual(bound);
}

/** ONNX Runtime adds the zero point before it rounds, so a tie may go the other way: one code. */
const ONE_CODE = 1;

const a = [codes('uint8', [2, 3, 4], 1), scale(0.02), zero(120)];
const b = [codes('uint8', [3, 4], 2), scale(0.03), zero(90)];

test.each(['QLinearAdd', 'QLinearMul'])('%s', async (op) => {
  await compare(op, [...a, ...b, scale(0.05), zero(130)], {}, ONE_CODE);
});

test('QLinearSigmoid, QLinearLeakyRelu', async () => {
  await compare('QLinearSigmoid', [...a, scale(1 / 256), zero(0)], {}, ONE_CODE);
  await compare('QLinearLeakyRelu', [...a, scale(0.015), zero(40)], { alpha: 0.1 }, ONE_CODE);
});

test('QLinearGlobalAveragePool, QLinearSoftmax', async () => {
  const image = [codes('uint8', [2, 4, 5, 3], 1), scale(0.02), zero(120)];
  await compare('QLinearGlobalAveragePool', [...image, scale(0.004), zero(128)], { channels_last: 0 }, ONE_CODE);
  await compare('QLinearSoftmax', [...a, scale(1 / 256), zero(0)], { axis: -1, opset: 13 }, ONE_CODE);
});

test('QLinearConcat, QLinearWhere', async () => {
  const c = [codes('uint8', [2, 3, 4], 2), scale(0.03), zero(90)];
  await compare('QLinearConcat', [scale(0.04), zero(100), ...a, ...c], { axis: 1 }, ONE_CODE);
  const condition = Tensor.fromNumbers(
    'bool',
    [2, 3, 4],
    numbers([24], 5)
      .toFloat32()
      .map((v) => Number(v > 0)),
  );
  await compare('QLinearWhere', [condition, ...a, ...c, scale(0.04), zero(100)], {}, ONE_CODE);
});

test('QGemm: codes or floats out, per tensor or column', async () => {
  const bias = Tensor.fromNumbers('int32', [6], [100, -200, 300, 4, -5, 0]);
  const left = [codes('uint8', [5, 9], 1), scale(0.02), zero(120)];
  const right = [codes('int8', [6, 9], 2), scales(6, 3), Tensor.fromNumbers('int8', [6], [0, 0, 0, 0, 0, 0])];
  await compare('QGemm', [...left, ...right, bias, scale(0.3), zero(128)], { transB: 1 }, ONE_CODE);
  // Sums below 2^17 at scales below 4e-4: float32 rounding of 52.
  await compare('QGemm', [...left, ...right, bias], { transB: 1 }, 52 * 2 ** -22);
});

test('MatMulIntegerToFloat, DynamicQuantizeMatMul', async () => {
  const left = codes('uint8', [2, 5, 9], 1);
  const right = codes('int8', [9, 6], 2);
  const zeros = codes('int8', [6], 7);
  const bias = numbers([6], 4);
  // As above, and the runtime may multiply the scales first.
  const bound = 100 * 2 ** -22;
  await compare('MatMulIntegerToFloat', [left, right, scale(0.02), scales(6, 3), zero(120), zeros, bias], {}, bound);
  const inputs = [numbers([2, 5, 9], 1), right, scales(6, 3), zeros, bias];
  await compare('DynamicQuantizeMatMul', inputs, {}, bound);
});

describe('DynamicQuantizeLSTM', () => {
  test.each([
    { direction: 'forward', batch: 1, perRow: true },
    { direction: 'reverse', batch: 3, perRow: false },
    { direction: 'bidirectional', batch: 2, perRow: true },
  ])('$direction, batch $batch, scales per gate row: $perRow', async ({ direction, batch, perRow }) => {
    const [hidden, size] = [8, 5];
    const d = direction === 'bidirectional' ? 2 : 1;
    const rows = 4 * hidden;
    const params = (seed: number) => {
      const count = perRow ? d * rows : d;
      const dims = perRow ? [d, rows] : [d];
      return [
        scales(count, seed).reshaped(dims),
        Tensor.fromNumbers('int8', dims, new Array<number>(count).fill(perRow ? 0 : 3)),
      ];
    };
    const inputs = [
      numbers([6, batch, size], 1),
      codes('int8', [d, size, rows], 2),
      codes('int8', [d, hidden, rows], 3),
      numbers([d, 8 * hidden], 4),
      undefined,
      undefined,
      undefined,
      undefined,
      ...params(5),
      ...params(6),
    ];
    // The codes are equal, so that only float32 rounding of sums below 10 over 11 cells remains.
    await compare('DynamicQuantizeLSTM', inputs, { direction, hidden_size: hidden }, 1e-5);
  });
});
