import { GraphBuilder, type Model, Tensor, toWeightMatrix, weightViews } from '@gossamer/graph';
import { mobileNetV2 } from '@gossamer/graph/zoo';
import { noise } from '../testing/emit-static.js';
import { runOrt } from '../testing/ort.js';
import { clippedNormalMean, correctBiases, meanShift, measuredShift } from './bias-correction.js';
import { normalizedMeans } from './normalized-means.js';
import { roundBlocks } from './testing/round-blocks.js';

/** Mean of a clipped normal by the midpoint rule over ±10 deviations: 1e-6 of the exact one at 20,000 points. */
function byIntegration(mean: number, deviation: number, low: number, high: number): number {
  const step = 20 / 20_000;
  let sum = 0;
  for (let z = -10 + step / 2; z < 10; z += step) {
    sum += Math.min(high, Math.max(low, mean + deviation * z)) * Math.exp((-z * z) / 2);
  }
  return (sum * step) / Math.sqrt(2 * Math.PI);
}

/** BatchNormalization, ReLU6, convolution, with or without a bias. */
function normalized(bias: boolean): Model {
  const g = new GraphBuilder('normalized');
  const vector = (name: string, data: number[]) => g.weight(name, [3], Float32Array.from(data));
  const x = g.input('x', 'float32', ['n', 3, 4, 4]);
  const norm = g.op('BatchNormalization', [
    ...[x, vector('scale', [1, 0.5, 3]), vector('shift', [0.2, 1, 2])],
    ...[vector('mean', [0, 0, 0]), vector('variance', [1, 1, 1])],
  ]);
  const y = g.op('Clip', [norm, g.weight('low', [], Float32Array.of(0)), g.weight('high', [], Float32Array.of(6))]);
  const inputs = [y, g.weight('w', [5, 3, 1, 1], noise(15, 7)), ...(bias ? [g.weight('b', [5], noise(5, 8))] : [])];
  return g.output(g.op('Conv', inputs, {}, { name: 'conv' }), 'y').model();
}

/** About normal: the sum of twelve uniform numbers. */
const normal = (length: number) => {
  const uniform = noise(12 * length, 5);
  return Float32Array.from({ length }, (_, i) => uniform.subarray(12 * i, 12 * i + 12).reduce((a, b) => a + b, 0) / 2);
};

const channelMeans = (tensor: Tensor, channels: number) => {
  const size = tensor.length / tensor.dims[0]! / channels;
  const means = new Float64Array(channels);
  tensor
    .toFloat32()
    .forEach((value, i) => (means[Math.floor(i / size) % channels]! += (value * channels) / tensor.length));
  return means;
};

describe('the mean of a clipped normal', () => {
  it.each([
    [0, 1, 0, Infinity],
    [-1.3, 0.4, 0, Infinity],
    [2, -3, 0, 6],
    [5, 2, -1, 6],
    [1, 2, -Infinity, Infinity],
  ])('of mean %d, deviation %d in [%d, %d]', (mean, deviation, low, high) => {
    expect(
      Math.abs(clippedNormalMean(mean, deviation, low, high) - byIntegration(mean, deviation, low, high)),
    ).toBeLessThan(5e-6);
  });

  it('is the clipped mean without deviation', () => {
    expect(clippedNormalMean(7, 0, 0, 6)).toBe(6);
  });
});

describe('bias correction', () => {
  it('the shift of the mean is the mean of the shift', () => {
    const shift = meanShift(Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 1, 5, 4), Float64Array.of(10, 100));
    expect([...shift]).toEqual([100, -20]);
    expect([...measuredShift([1, 2], [0.5, 4])]).toEqual([0.5, -2]);
  });

  it.each([true, false])(
    'rounded weights behind a norm and ReLU6: means come back, measured and without data (bias %s)',
    async (bias) => {
      const model = normalized(bias);
      const x = Tensor.of('float32', [64, 3, 4, 4], normal(3072));
      const rounded = model.clone();
      const [view] = weightViews(rounded);
      const { rows, columns, data } = toWeightMatrix(view!);
      const codes = roundBlocks(2, columns)(data, rows, columns);
      view!.write(codes);
      const means = async (of: Model) => channelMeans((await runOrt(of, { x }))['y']!, 5);
      const wanted = await means(model);
      const worst = async (of: Model) => Math.max(...(await means(of)).map((mean, i) => Math.abs(mean - wanted[i]!)));
      const before = await worst(rounded);
      const measured = correctBiases(rounded, new Map([['conv', measuredShift(await means(rounded), wanted)]]));
      expect(await worst(measured.model)).toBeLessThan(1e-5);
      const shift = meanShift(codes, data, normalizedMeans(model).get('conv')!);
      const analytic = correctBiases(rounded, new Map([['conv', shift]]));
      expect(await worst(analytic.model)).toBeLessThan(0.1 * before);
      expect(analytic.report).toEqual([
        { layer: 'conv', done: true, text: expect.stringMatching(/^bias corrected/) as string },
      ]);
    },
  );

  it('knows means behind every norm of MobileNetV2 that feeds a convolution, and refuses shifts of another length', () => {
    const model = mobileNetV2({ batchNorm: true });
    expect(normalizedMeans(model).size).toBe(41);
    expect(() => correctBiases(model, new Map([['features.0', new Float64Array(3)]]))).toThrow(
      expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error,
    );
  });
});
