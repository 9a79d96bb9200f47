import { attribute, GraphBuilder, type Model, Tensor, toWeightMatrix, weightViews } from '@gossamer/graph';
import { dequantizeMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { findScheme } from '../schemes/registry.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { countOps, optimizedOps, runOrt } from '../testing/ort.js';

const options: QuantizeOptions = { mode: 'weight-only', optimize: false, edgeBits: 4 };

/** y = I w: the weight itself, in the orientation that the product has it. */
function shown(op: 'MatMul' | 'Gemm', n: number, k: number, attributes: Record<string, number> = {}): Model {
  const g = new GraphBuilder('g');
  const isRows = attributes['transB'] === 1;
  const w = g.weight('w', isRows ? [n, k] : [k, n], noise(n * k, 3));
  const inputs = [g.input('x', 'float32', [k, k]), w, ...(op === 'Gemm' ? [g.weight('b', [n], noise(n, 5))] : [])];
  const floats = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, name !== 'transB' ? attribute.float(value) : value]),
  );
  return g.output(g.op(op, inputs, floats), 'y').model();
}

function identity(k: number): Tensor {
  const data = new Float32Array(k * k);
  for (let i = 0; i < k; i++) data[i * k + i] = 1;
  return Tensor.of('float32', [k, k], data);
}

const cases = (['nf4', 'fp4'] as const).flatMap((weights) =>
  (
    [
      [16, 12, 48],
      [32, 5, 64],
      [64, 7, 128],
      [128, 3, 256],
    ] as const
  ).map(([blockSize, n, k]) => ({ weights, blockSize, n, k })),
);

test.each(cases)('$weights in blocks of $blockSize: the values of its codes', async ({ weights, blockSize, n, k }) => {
  const model = shown('MatMul', n, k);
  const [view] = weightViews(model);
  const { data } = toWeightMatrix(view!);
  const layout = { rows: n, columns: k, granularity: blockSize, clip: false, seed: 0 };
  const expected = dequantizeMatrix(roundToGrid(data, findScheme(weights).fit(data, layout)));
  const { model: small, report } = await quantize(model, { ...options, weights, blockSize });
  expect(countOps(small)).toEqual({ MatMulBnb4: 1 });
  expect(await optimizedOps(small)).toEqual({ MatMulBnb4: 1 });
  expect(report.layers[0]!.reason).toBe(`${weights}, a scale for ${blockSize} weights, nearest, MatMulBnb4`);
  expect(report.bytes.after).toBe((n * k) / 2 + (4 * n * k) / blockSize);
  const { y } = await runOrt(small, { x: identity(k) });
  const actual = y!.toFloat32();
  // y = I w: one product a number, and zeros. [k, n] where the matrix is [n, k].
  expect(actual.map((_, i) => actual[(i % k) * n + Math.floor(i / k)]!)).toEqual(expected);
});

test('a Gemm keeps alpha, beta and its bias', async () => {
  const model = shown('Gemm', 8, 32, { transB: 1, alpha: 0.5, beta: 2 });
  const { model: small } = await quantize(model, { ...options, weights: 'nf4' });
  expect(countOps(small)).toEqual({ MatMulBnb4: 1, Add: 1 });
  const feeds = { x: noiseTensor([32, 32], 4) };
  const [before, after] = [await runOrt(model, feeds), await runOrt(small, feeds)];
  const [reference, actual] = [before['y']!.toFloat32(), after['y']!.toFloat32()];
  const error = Math.hypot(...reference.map((value, i) => value - actual[i]!)) / Math.hypot(...reference);
  // NF4 of uniform noise: 3 bits in most of the range, 1 / (8 sqrt(3)) of its half width at most.
  expect(error).toBeLessThan(0.15);
});

test('blocks that rows do not end with are expanded', async () => {
  const { model: small, report } = await quantize(shown('MatMul', 12, 40), { ...options, weights: 'nf4' });
  expect(countOps(small)).not.toHaveProperty('MatMulBnb4');
  expect(report.layers[0]!.reason).toBe('nf4, a scale for 32 weights, nearest, floats when the model is open');
});

test('what two products share is stored once', async () => {
  const g = new GraphBuilder('g');
  const w = g.weight('w', [64, 64], noise(4096));
  const hidden = g.op('Relu', [g.op('MatMul', [g.input('x', 'float32', ['n', 64]), w])]);
  const model = g.output(g.op('MatMul', [hidden, w]), 'y').model();
  const { model: small, report } = await quantize(model, { ...options, weights: 'nf4' });
  expect(countOps(small)).toMatchObject({ MatMulBnb4: 2 });
  expect(report.bytes.after).toBe(64 * 32 + 64 * 2 * 4);
});
