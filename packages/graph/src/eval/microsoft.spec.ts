import { GraphBuilder, type PlainAttribute } from '../builder.js';
import { Tensor } from '../ir/tensor.js';
import type { Model } from '../ir/model.js';
import { evaluate } from './evaluate.js';
import { numbers, runInOrt } from './testing/ort.js';

/** Sums of up to 100 products of numbers below 20, accumulated in float32 by ONNX Runtime: 100 * 2^-24 * 100 * 20. */
const BOUND = 0.012;

async function compare(model: Model, feeds: Record<string, Tensor>, bound: number): Promise<void> {
  const [ours, theirs] = [evaluate(model, feeds), await runInOrt(model, feeds)];
  for (const [name, expected] of Object.entries(theirs)) {
    const actual = ours[name]!;
    expect([actual.dtype, ...actual.dims]).toEqual([expected.dtype, ...expected.dims]);
    const [a, b] = [actual.toFloat64(), expected.toFloat64()];
    const worst = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(bound);
    expect(b.some((value) => value !== 0)).toBe(true);
  }
}

const bytes = (dims: readonly number[], seed: number) =>
  Tensor.of(
    'uint8',
    dims,
    Uint8Array.from(numbers(dims, seed).toFloat32(), (v) => Math.floor((v + 1) * 128)),
  );

const builder = () => new GraphBuilder('net', { domains: { 'com.microsoft': 1 }, opset: 21, irVersion: 10 });

describe('MatMulNBits', () => {
  test.each([
    { bits: 4, zeros: 'none', k: 64 },
    { bits: 4, zeros: 'packed', k: 64 },
    { bits: 4, zeros: 'packed', k: 48 },
    { bits: 4, zeros: 'float', k: 96 },
    { bits: 8, zeros: 'none', k: 64 },
    { bits: 8, zeros: 'packed', k: 96 },
  ])('$bits bits, zero points $zeros, k = $k', async ({ bits, zeros, k }) => {
    const [n, block] = [6, 32];
    const blocks = Math.ceil(k / block);
    const g = builder();
    const x = g.input('x', 'float32', ['b', 'm', k]);
    const b = g.graph.addInitializer('b', bytes([n, blocks, (block * bits) / 8], 1));
    const s = g.graph.addInitializer('s', numbers([n * blocks], 2));
    const z = {
      none: undefined,
      packed: bytes([n * Math.ceil((blocks * bits) / 8)], 3),
      float: Tensor.of(
        'float32',
        [n * blocks],
        numbers([n * blocks], 3)
          .toFloat32()
          .map((v) => 8 + 4 * v),
      ),
    }[zeros];
    const inputs = [x, b, s, ...(z ? [g.graph.addInitializer('z', z)] : [])];
    const attributes = { K: k, N: n, bits, block_size: block };
    g.output(g.op('MatMulNBits', inputs, attributes, { domain: 'com.microsoft' }), 'y', 'float32');
    // 8-bit codes are 16 times as large.
    const bound = BOUND * (bits === 8 ? 16 : 1);
    await compare(g.model(), { x: numbers([2, 3, k], 4) }, bound);
    await compare(g.model(), { x: numbers([1, 1, k], 5) }, bound);
  });
});

describe('GatherBlockQuantized', () => {
  const build = (data: Tensor, attributes: Record<string, PlainAttribute>, scales: Tensor, zeros?: Tensor) => {
    const g = builder();
    const indices = g.input('i', 'int64', ['b', 'n']);
    const inputs = [g.graph.addInitializer('d', data), indices, g.graph.addInitializer('s', scales)];
    if (zeros) inputs.push(g.graph.addInitializer('z', zeros));
    const y = g.op('GatherBlockQuantized', inputs, attributes, { domain: 'com.microsoft' });
    return g.output(y, 'y', 'float32').model();
  };
  const feeds = { i: Tensor.fromNumbers('int64', [2, 2], [0, 3, -1, 2]) };
  const attributes = { gather_axis: 0, quantize_axis: 1, block_size: 16 };
  const codes = (dtype: 'int4' | 'uint4', dims: readonly number[], seed: number) => {
    const low = dtype === 'int4' ? -8 : 0;
    return Tensor.fromNumbers(
      dtype,
      dims,
      numbers(dims, seed)
        .toFloat32()
        .map((v) => Math.floor((v + 1) * 8) + low),
    );
  };

  test.each(['int4', 'uint4'] as const)('%s codes, with and without zero points', async (dtype) => {
    const scales = numbers([4, 2], 2);
    await compare(build(codes(dtype, [4, 32], 1), attributes, scales), feeds, 0);
    await compare(build(codes(dtype, [4, 32], 1), attributes, scales, codes(dtype, [4, 2], 3)), feeds, 0);
  });

  test.each([4, 8])('bytes of %i-bit codes', async (bits) => {
    const data = bytes([4, (32 * bits) / 8], 1);
    const zeros = bytes([4, (2 * bits) / 8], 3);
    await compare(build(data, { ...attributes, bits }, numbers([4, 2], 2)), feeds, 0);
    await compare(build(data, { ...attributes, bits }, numbers([4, 2], 2), zeros), feeds, 0);
  });
});

test('QDQ in blocks of int4 agrees with ONNX Runtime', async () => {
  const g = builder();
  const x = g.input('x', 'float32', [4, 32]);
  const zeros = g.graph.addInitializer('z', Tensor.fromNumbers('int4', [4, 2], [0, 1, -1, 2, 0, 3, -2, 0]));
  const scales = Tensor.of(
    'float32',
    [4, 2],
    numbers([4, 2], 2)
      .toFloat32()
      .map((v) => Math.abs(v) + 0.05),
  );
  const s = g.graph.addInitializer('s', scales);
  const blocks = { axis: 1, block_size: 16 };
  g.output(g.op('DequantizeLinear', [g.op('QuantizeLinear', [x, s, zeros], blocks), s, zeros], blocks), 'y', 'float32');
  await compare(g.model(), { x: numbers([4, 32], 1) }, 0);
});
