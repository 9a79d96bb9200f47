import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { Session } from '../session/session.js';
import { fixedPointOf } from './fixed-point.js';
import {
  averageCode,
  layerCode,
  layerFactor,
  productCode,
  rescaledCode,
  sumCode,
  sumFactors,
} from './integer-operators.js';

const { fround } = Math;
const scalar = (g: GraphBuilder, value: number) => g.constant(fround(value), 'float32');
const zero = (g: GraphBuilder, value: number) => g.constant(value, 'uint8');
const bytes = (count: number, seed: number) =>
  Uint8Array.from({ length: count }, (_, i) => Math.floor(Math.abs(Math.sin((i + 1) * seed) * 1e4)) % 256);
const clamp = (code: number) => Math.min(Math.max(code, 0), 255);

async function run(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<number[]> {
  const session = await Session.open(model, { engine: 'native', requantize: 'fixed-point' });
  const codes = Object.values(await session.run(feeds))[0]!.toIntegers();
  await session.dispose();
  return Array.from(codes);
}

test('QLinearConv: each code is that of the reference, by output', async () => {
  const [rows, depth, outputs] = [6, 40, 21];
  const [x, w] = [bytes(rows * depth, 1.3), Int8Array.from(bytes(depth * outputs, 2.1), (byte) => byte - 128)];
  const scales = Float32Array.from({ length: outputs }, (_, n) => 0.0007 * (1 + n));
  const biases = Int32Array.from({ length: outputs }, (_, n) => 500 * n - 4000);
  const g = new GraphBuilder('g');
  const input = g.input('x', 'uint8', [rows, depth, 1, 1]);
  const add = (name: string, tensor: Tensor) => g.graph.addInitializer(name, tensor);
  const y = g.op('QLinearConv', [
    ...[input, scalar(g, 0.02), zero(g, 120)],
    ...[add('w', Tensor.of('int8', [outputs, depth, 1, 1], w)), g.weight('s', [outputs], scales)],
    ...[add('z', Tensor.of('int8', [outputs], new Int8Array(outputs))), scalar(g, 0.11), zero(g, 7)],
    add('b', Tensor.of('int32', [outputs], biases)),
  ]);
  const got = await run(g.output(y, 'y').model(), { x: Tensor.of('uint8', [rows, depth, 1, 1], x) });
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < outputs; n++) {
      let sum = biases[n]!;
      for (let k = 0; k < depth; k++) sum += (x[m * depth + k]! - 120) * w[n * depth + k]!;
      const factor = layerFactor(fround(0.02), scales[n]!, fround(0.11));
      const code = layerCode(sum, factor, { depth, bias: biases[n]!, weights: 'symmetric', yZero: 7 });
      expect(got[m * outputs + n]).toBe(clamp(code));
    }
  }
});

test.each(['QLinearAdd', 'QLinearMul'])('%s: every pair of codes', async (op) => {
  const [a, b] = [
    Uint8Array.from({ length: 65536 }, (_, i) => i),
    Uint8Array.from({ length: 65536 }, (_, i) => i >> 8),
  ];
  const [aScale, bScale, yScale] = [fround(0.031), fround(0.017), fround(op === 'QLinearAdd' ? 0.05 : 0.07)];
  const g = new GraphBuilder('g');
  const [left, right] = [g.input('a', 'uint8', [65536]), g.input('b', 'uint8', [65536])];
  const inputs = [left, scalar(g, aScale), zero(g, 101), right, scalar(g, bScale), zero(g, 33)];
  const y = g.op(op, [...inputs, scalar(g, yScale), zero(g, 90)], {}, { domain: 'com.microsoft' });
  const tensor = (codes: Uint8Array) => Tensor.of('uint8', [65536], codes);
  const got = await run(g.output(y, 'y').model(), { a: tensor(a), b: tensor(b) });
  const sums = sumFactors(aScale, bScale, yScale);
  const product = fixedPointOf((aScale * bScale) / yScale);
  const want = Array.from(a, (code, i) => {
    const [p, q] = [code - 101, b[i]! - 33];
    return clamp(90 + (op === 'QLinearAdd' ? sumCode(p, q, sums) : productCode(p, q, product)));
  });
  expect(got).toEqual(want);
});

test('QLinearGlobalAveragePool: an int32 sum and one factor', async () => {
  const [channels, size] = [19, 7];
  const x = bytes(channels * size * size, 3.7);
  const g = new GraphBuilder('g');
  const inputs = [g.input('x', 'uint8', [1, channels, size, size]), scalar(g, 0.03), zero(g, 77)];
  const y = g.op(
    'QLinearGlobalAveragePool',
    [...inputs, scalar(g, 0.011), zero(g, 40)],
    { channels_last: 0 },
    {
      domain: 'com.microsoft',
    },
  );
  const got = await run(g.output(y, 'y').model(), { x: Tensor.of('uint8', [1, channels, size, size], x) });
  const factor = fixedPointOf(fround(0.03) / fround(0.011));
  const count = size * size;
  for (let c = 0; c < channels; c++) {
    const sum = x.subarray(c * count, (c + 1) * count).reduce((a, code) => a + code - 77, 0);
    expect(got[c]).toBe(clamp(40 + averageCode(sum, count, count, factor)));
  }
});

test('QLinearConcat: codes of one scale in that of the result', async () => {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
  const g = new GraphBuilder('g');
  const [a, b] = [g.input('a', 'uint8', [1, 256]), g.input('b', 'uint8', [1, 256])];
  const parts = [a, scalar(g, 0.02), zero(g, 100), b, scalar(g, 0.05), zero(g, 3)];
  const y = g.op('QLinearConcat', [scalar(g, 0.04), zero(g, 60), ...parts], { axis: 1 }, { domain: 'com.microsoft' });
  const tensor = Tensor.of('uint8', [1, 256], codes);
  const got = await run(g.output(y, 'y').model(), { a: tensor, b: tensor });
  const part = (scale: number, zeroPoint: number) =>
    Array.from(codes, (code) => clamp(60 + rescaledCode(code - zeroPoint, fixedPointOf(scale / fround(0.04)))));
  expect(got).toEqual([...part(fround(0.02), 100), ...part(fround(0.05), 3)]);
});

test('fixed point is refused where another engine would run the model', async () => {
  const g = new GraphBuilder('g');
  const model = g.output(g.op('Relu', [g.input('x', 'float32', [1])]), 'y').model();
  const refused = (options: object) =>
    expect(Session.open(model, options)).rejects.toMatchObject({ code: 'ERR_ENGINE' });
  await refused({ requantize: 'fixed-point' });
  await refused({ engine: 'native', requantize: 'integer' });
});
