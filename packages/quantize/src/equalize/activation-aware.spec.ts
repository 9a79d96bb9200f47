import { join } from 'node:path';
import { GraphBuilder, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { dataFromArrays, openData } from '@gossamer/runtime';
import { outputError } from '@gossamer/kernels';
import { quantize } from '../quantize.js';
import { noise } from '../testing/emit-static.js';
import { activationAware } from './activation-aware.js';
import { awqScales, type ScaledMatrix } from './awq-scales.js';
import { noiseFeeds, outputDifference } from './testing/compare-outputs.js';
import { roundBlocks } from './testing/round-blocks.js';

const root = join(__dirname, '../../../..');

/** Mean |x| and mean x xᵀ of 200 inputs of which two channels are 40 times as large. */
function outlierMoments(columns: number) {
  const rows = noise(200 * columns, 3).map((x, i) => x * (i % columns === 5 || i % columns === 17 ? 40 : 1));
  const [meanAbs, second] = [new Float64Array(columns), new Float64Array(columns * columns)];
  for (let first = 0; first < rows.length; first += columns) {
    for (let i = 0; i < columns; i++) {
      const x = rows[first + i]!;
      meanAbs[i]! += (x < 0 ? -x : x) / 200;
      for (let j = 0; j < columns; j++) second[i * columns + j]! += (x * rows[first + j]!) / 200;
    }
  }
  return { meanAbs, second };
}

describe('the scales of AWQ', () => {
  const columns = 64;
  const { meanAbs, second } = outlierMoments(columns);
  const matricesWith = (round: ScaledMatrix['round']) =>
    [1, 2].map((seed): ScaledMatrix => {
      const channelOf = Int32Array.from({ length: columns }, (_, i) => i);
      return { rows: 24, data: noise(24 * columns, seed), second, channelOf, round };
    });

  it('lower the error of layers that share an input; the error is that of the scale', async () => {
    const matrices = matricesWith(roundBlocks(3, 32));
    const { scale, exponent, error, errorUnscaled } = await awqScales(matrices, meanAbs);
    expect(exponent).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.7 * errorUnscaled);
    const errors = matrices.map(({ rows, data, round }) => {
      const rounded = round(
        data.map((w, i) => w * scale[i % columns]!),
        rows,
        columns,
      );
      return outputError({
        changed: rounded.map((w, i) => w * (1 / scale[i % columns]!)),
        target: data,
        second,
        columns,
      });
    });
    expect(errors[0]! + errors[1]!).toBeCloseTo(error, 9);
  });

  it('are 1 where rounding is exact', async () => {
    const { exponent, error, scale } = await awqScales(
      matricesWith((data) => data.slice()),
      meanAbs,
    );
    expect([exponent, error]).toEqual([0, 0]);
    expect(scale.every((s) => s === 1)).toBe(true);
  });
});

it('convolutions take scales by channel, and channels of a group with the inputs that they have', async () => {
  const g = new GraphBuilder('convolutions');
  const x = g.input('x', 'float32', ['n', 4, 6, 6]);
  const scale = Float32Array.of(1, 30, 1, 8);
  const first = g.op('Conv', [x, g.weight('a', [4, 4, 1, 1], noise(16, 1)), g.weight('ab', [4], noise(4, 2))], {});
  const wide = g.op('Relu', [g.op('Mul', [first, g.weight('s', [4, 1, 1], scale)])]);
  const y = g.op('Conv', [wide, g.weight('b', [8, 4, 3, 3], noise(288, 3))], {}, { name: 'b' });
  const model = g.output(y, 'y').model();
  const data = dataFromArrays({ x: Tensor.of('float32', [8, 4, 6, 6], noise(1152, 4)) });
  const round = roundBlocks(2, 12);
  const { model: made, report } = await activationAware(model, {
    data,
    round: ({ layerId }) => (layerId === 'b' ? round : undefined),
  });
  expect(report).toContainEqual({ layer: 'b', done: true, text: expect.stringMatching(/^exponent 0\.\d+/) as string });
  expect(report.filter(({ done }) => done)).toHaveLength(1);
  expect(await outputDifference(model, made, await noiseFeeds(model))).toBeLessThan(1e-5);
});

describe('quantize with AWQ on tinylm', () => {
  it('int3 in blocks of 32: a lower output error in each group that is scaled, the same float function', async () => {
    const model = await loadModel(join(root, 'fixtures/models/tinylm.onnx'));
    const data = await openData(`npz:${join(root, 'fixtures/models/tinylm-calib.npz')}`, { limit: 2 });
    const round = roundBlocks(3, 32);
    const { model: made, report } = await activationAware(model, {
      data,
      round: ({ layerId }) => (/blocks.1.(q|k|v|up)/.test(layerId) ? round : undefined),
    });
    expect(report.filter(({ done }) => done).map(({ layer }) => layer)).toEqual(
      ['q', 'k', 'v', 'up'].map((name) => `/blocks.1/${name}/MatMul`),
    );
    const shares = report.flatMap(({ text }) => /output error (\S+) of/.exec(text)?.[1] ?? []);
    expect(shares.every((share) => Number(share) < 1)).toBe(true);
    expect(report.some(({ text }) => text === 'its weight stays in float')).toBe(true);
    expect(await outputDifference(model, made, await noiseFeeds(model, 'random:1'))).toBeLessThan(1e-5);
  });

  it('goes with every algorithm; only weight-only mode has it, and only with data', async () => {
    const g = new GraphBuilder('products');
    const x = g.input('x', 'float32', ['n', 64]);
    const norm = [g.weight('gamma', [64], noise(64, 5)), g.weight('beta', [64], noise(64, 6))];
    const hidden = g.op('MatMul', [g.op('LayerNormalization', [x, ...norm]), g.weight('a', [64, 48], noise(3072, 7))]);
    const y = g.op('MatMul', [g.op('Relu', [hidden]), g.weight('b', [48, 8], noise(384, 8))]);
    const model = g.output(y, 'y').model();
    const data = dataFromArrays({ x: Tensor.of('float32', [40, 64], noise(2560, 9)) });
    for (const algorithm of ['gptq', 'awq-clip']) {
      const options = { mode: 'weight-only', weights: 'uint2', algorithm, data, equalize: 'awq' } as const;
      const { report } = await quantize(model, options);
      expect(report.equalized!.filter(({ done }) => done).length).toBeGreaterThan(0);
      expect(report.layers.every(({ action }) => action === 'weight-only')).toBe(true);
    }
    await expect(quantize(model, { mode: 'static', data, equalize: 'awq' })).rejects.toMatchObject({
      code: 'ERR_QUANTIZE_OPTION',
    });
    await expect(quantize(model, { mode: 'weight-only', equalize: 'awq' })).rejects.toMatchObject({
      code: 'ERR_CALIBRATION_DATA',
    });
  });
});
