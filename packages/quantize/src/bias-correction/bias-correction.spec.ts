import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { resolveOptions } from '../resolve-options.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { runOrt } from '../testing/ort.js';

/** Two convolutions, one without a bias, a Gemm without one and two products, one with a sum behind it; means of inputs far from 0. */
function network(): Model {
  const g = new GraphBuilder('shifted');
  const x = g.input('x', 'float32', ['n', 8, 6, 6]);
  const a = g.op(
    'Conv',
    [x, g.weight('a', [16, 8, 3, 3], noise(1152, 1)), g.weight('ab', [16], noise(16, 2))],
    {},
    { name: 'a' },
  );
  const b = g.op('Conv', [g.op('Relu', [a]), g.weight('b', [16, 16, 3, 3], noise(2304, 3))], {}, { name: 'b' });
  const flat = g.op('Flatten', [g.op('Relu', [b])]);
  const c = g.op('Gemm', [flat, g.weight('c', [32, 64], noise(2048, 4))], { transB: 1, alpha: 0.5 }, { name: 'c' });
  const d = g.op('MatMul', [g.op('Relu', [c]), g.weight('d', [32, 16], noise(512, 5))], {}, { name: 'd' });
  const sum = g.op('Relu', [g.op('Add', [d, g.weight('db', [16], noise(16, 6))])]);
  const y = g.op('MatMul', [sum, g.weight('e', [16, 24], noise(384, 7))], {}, { name: 'e' });
  return g.output(sum, 's').output(y, 'y').model();
}

const x = Tensor.of(
  'float32',
  [64, 8, 6, 6],
  noiseTensor([64, 8, 6, 6], 8)
    .toFloat32()
    .map((value) => value + 0.7),
);
const data = dataFromArrays({ x });

/** Squared distance of the mean of `s` to the float model's, over its squared length. */
async function meanShiftOf(model: Model, made: Model): Promise<number> {
  const means = async (of: Model) => {
    const output = (await runOrt(of, { x }))['s']!.toFloat32();
    const sums = new Float64Array(16);
    output.forEach((value, i) => (sums[i % 16]! += value / 64));
    return sums;
  };
  const [wanted, found] = [await means(model), await means(made)];
  const square = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
  return square(found.map((value, i) => value - wanted[i]!)) / square(wanted);
}

describe('bias correction', () => {
  it.each<[string, QuantizeOptions]>([
    ['weight-only, uint2', { mode: 'weight-only', weights: 'uint2' }],
    ['weight-only, int3 by gptq', { mode: 'weight-only', weights: 'int3', algorithm: 'gptq' }],
    ['weight-only, plain uint4', { mode: 'weight-only', weights: 'uint4', edgeBits: 4 }],
    [
      'static, a scale a tensor, 7 bits',
      { mode: 'static', granularity: 'perTensor', reduceRange: true, costModel: false },
    ],
    ['static, 4 bits', { mode: 'static', weights: 'int4', costModel: false }],
    ['static, QLinear operators', { mode: 'static', granularity: 'perTensor', format: 'qoperator', costModel: false }],
  ])('%s: the mean output comes nearer in ONNX Runtime', async (_, options) => {
    const model = network();
    const { model: plain } = await quantize(model, { ...options, data });
    const { model: made, report } = await quantize(model, { ...options, data, biasCorrection: true });
    const [before, after] = [await meanShiftOf(model, plain), await meanShiftOf(model, made)];
    expect(after).toBeLessThan(before / 10);
    expect(report.biases!.filter(({ done }) => done).map(({ layer }) => layer)).toEqual(['a', 'b', 'c', 'd']);
    expect(report.biases!.find(({ layer }) => layer === 'e')!.text).toMatch(/takes no bias/);
    expect(report.warnings).toContainEqual(expect.stringMatching(/left out 1 layers: MatMul takes no bias/) as string);
  });

  it('goes without data where a BatchNormalization tells the means', async () => {
    const g = new GraphBuilder('normalized');
    const input = g.input('x', 'float32', ['n', 8, 6, 6]);
    const vector = (name: string, seed: number, low: number) =>
      g.weight(
        name,
        [16],
        noise(16, seed).map((value) => low + (value + 1) / 2),
      );
    const a = g.op('Conv', [input, g.weight('a', [16, 8, 3, 3], noise(1152, 1))], {}, { name: 'a' });
    const norm = [vector('gamma', 2, 0.5), vector('beta', 3, 0), vector('mean', 4, 0), vector('variance', 5, 1)];
    const relu = g.op('Relu', [g.op('BatchNormalization', [a, ...norm])]);
    const b = g.op('Conv', [relu, g.weight('b', [16, 16, 3, 3], noise(2304, 6))], {}, { name: 'b' });
    const model = g.output(b, 'y').model();
    const options = { mode: 'weight-only', weights: 'uint2', biasCorrection: true } as const;
    const { report } = await quantize(model, options);
    expect(report.biases).toContainEqual({
      layer: 'b',
      done: true,
      text: expect.stringMatching(/^bias corrected/) as string,
    });
    expect(report.biases).toContainEqual({ layer: 'a', done: false, text: 'the means of its inputs are not known' });
    await expect(quantize(network(), options)).rejects.toMatchObject({ code: 'ERR_CALIBRATION_DATA' });
  });

  it.each<[string, QuantizeOptions]>([
    ['dynamic mode', { mode: 'dynamic' }],
    ['weights that stay in float', { mode: 'static', data, storage: 'float' }],
    ['reduced ranges that are not known ahead', { mode: 'static', data, reduceRange: 'auto' }],
    ['float16', { mode: 'weight-only', weights: 'float16' }],
  ])('refuses %s', (_, options) => {
    expect(() => resolveOptions({ ...options, biasCorrection: true })).toThrow(
      expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error,
    );
  });
});
