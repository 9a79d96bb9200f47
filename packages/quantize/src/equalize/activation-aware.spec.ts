import { join } from 'node:path';
import { weightViews } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { openData } from '@gossamer/runtime';
import { outputError } from '../algorithms/output-error.js';
import { noise } from '../testing/emit-static.js';
import { activationAware } from './activation-aware.js';
import { awqClip } from './awq-clip.js';
import { awqScales, type AwqMoments } from './awq-scales.js';
import { momentsOfRows } from './input-moments.js';
import { collectRows } from './input-statistics.js';
import { noiseFeeds, outputDifference } from './testing/compare-outputs.js';
import { roundBlocks } from './testing/round-blocks.js';

const root = join(__dirname, '../../../..');

/** Inputs of 32 channels of which two are 40 times as large. */
function outlierMoments(columns: number): AwqMoments {
  const rows = noise(200 * columns, 3).map((x, i) => x * (i % columns === 5 || i % columns === 17 ? 40 : 1));
  return momentsOfRows({ data: rows, columns });
}

describe('AWQ', () => {
  const columns = 64;
  const layers = [1, 2].map((seed) => ({ rows: 24, data: noise(24 * columns, seed) }));

  it('moments are means over rows', () => {
    const { meanAbs, second } = momentsOfRows({ data: Float32Array.of(1, -2, 3, 4), columns: 2 });
    expect([...meanAbs]).toEqual([2, 3]);
    expect([...second]).toEqual([5, 5, 5, 10]);
  });

  it('finds scales that lower the error of layers that share an input; the error is that of the scale', () => {
    const moments = outlierMoments(columns);
    const round = roundBlocks(3, 32);
    const { scale, exponent, error, errorUnscaled } = awqScales(layers, moments, round);
    expect(exponent).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.7 * errorUnscaled);
    const again = layers.map(({ rows, data }) => {
      const rounded = round(
        data.map((w, i) => w * scale[i % columns]!),
        rows,
        columns,
      );
      return outputError(
        rounded.map((w, i) => w / scale[i % columns]!),
        data,
        moments.second,
        columns,
      );
    });
    expect(again[0]! + again[1]!).toBeCloseTo(error, 9);
  });

  it('stays with round-to-nearest where that is exact', () => {
    const { exponent, error, scale } = awqScales(layers, outlierMoments(columns), (data) => data.slice());
    expect(exponent).toBe(0);
    expect(error).toBe(0);
    expect(scale.every((s) => s === 1)).toBe(true);
  });

  it('clips groups of weights where that lowers their error', () => {
    const moments = outlierMoments(columns);
    const data = layers[0]!.data.map((w, i) => (i % 29 === 0 ? 3 * w : w ** 3));
    const round = roundBlocks(3, 32);
    const clipped = awqClip({ rows: 24, data }, moments.second, 32, round);
    const error = (of: Float32Array) =>
      outputError(round(of, 24, columns), data, blockDiagonal(moments.second), columns);
    expect(error(clipped)).toBeLessThan(0.9 * error(data));
  });

  /** Without the moments between groups, which the search does not see. */
  function blockDiagonal(second: Float64Array): Float64Array {
    return second.map((m, i) => (Math.floor(i / columns / 32) === Math.floor((i % columns) / 32) ? m : 0));
  }
});

it('AWQ on tinylm, int3 in blocks of 32: a lower output error, and the same float function', async () => {
  const model = await loadModel(join(root, 'fixtures/models/tinylm.onnx'));
  const data = await openData(`npz:${join(root, 'fixtures/models/tinylm-calib.npz')}`, { limit: 8 });
  const inputs = weightViews(model).filter(({ node }) => /blocks.1.(q|up)/.test(node.id));
  const values = inputs.map(({ node }) => node.input(0)!);
  const rows = await collectRows(model, values, 256, { data });
  const moments = new Map(Array.from(rows, ([value, found]) => [value.name, momentsOfRows(found)]));
  const round = roundBlocks(3, 32);
  const { model: made, report } = activationAware(model, { momentsOf: ({ name }) => moments.get(name), round });
  expect(report.filter(({ done }) => done).map(({ layer }) => layer)).toEqual(
    ['q', 'k', 'v', 'up'].map((name) => `/blocks.1/${name}/MatMul`),
  );
  expect(report.filter(({ text }) => text === 'no moments of its input')).toHaveLength(21);
  expect(await outputDifference(model, made, await noiseFeeds(model))).toBeLessThan(1e-5);
});
