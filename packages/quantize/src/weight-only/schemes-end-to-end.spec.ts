import { join } from 'node:path';
import { fromWeightMatrix, type Model, Tensor, toWeightMatrix, type WeightView } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import type { Feeds } from '@gossamer/runtime';
import { findLayers } from '../layers.js';
import { quantize } from '../quantize.js';
import { resolveOptions } from '../resolve-options.js';
import { findScheme } from '../schemes/registry.js';
import { noiseTensor } from '../testing/emit-static.js';
import { runOrt } from '../testing/ort.js';
import { LEAST_ELEMENTS } from './plan-view.js';
import { weightRounding } from './weight-rounding.js';

const root = join(__dirname, '../../../..');
const SCHEMES = ['uint3', 'int2', 'nf4', 'codebook4', 'apot4', 'float8e4m3fn'];

const optionsOf = (weights: string) =>
  ({ mode: 'weight-only', weights, edgeBits: 2, accuracyLevel: 1, optimize: false, costModel: false }) as const;

const large = (views: readonly WeightView[]) => views.filter(({ stored }) => stored.length >= LEAST_ELEMENTS);

/** The float model with the values that its weights are rounded to. */
function simulated(model: Model, weights: string): Model {
  const copy = model.clone();
  const rounding = weightRounding(resolveOptions(optionsOf(weights)), () => undefined);
  const done = new Set<WeightView['source']>();
  for (const view of findLayers(copy).flatMap(({ views }) => large(views))) {
    const round = done.has(view.source) ? undefined : rounding(view);
    if (!round) continue;
    done.add(view.source);
    const { groups, rows, columns, data } = toWeightMatrix(view);
    const size = rows * columns;
    const values = new Float32Array(data.length);
    for (let g = 0; g < groups; g++) values.set(round(data.slice(g * size, (g + 1) * size), rows, columns), g * size);
    view.write(fromWeightMatrix(view, values));
  }
  return copy;
}

/** Most bytes of a layer: its codes, a scale (float32) and a zero point for each 32 columns or row, a table of levels for each row, and what is too small for codes. */
function mostBytes(views: readonly WeightView[], bits: number): number {
  return views.reduce((sum, view) => {
    if (view.stored.length < LEAST_ELEMENTS) return sum + view.stored.byteLength;
    const { groups, rows, columns, data } = toWeightMatrix(view);
    const blocks = groups * rows * Math.ceil(columns / 32);
    const codes = Math.ceil(Math.max(data.length, blocks * 32) * bits) / 8;
    // Expansion has its own few constants: masks, shifts, shapes.
    return sum + codes + blocks * (4 + 1) + groups * rows * 4 * Math.min(16, 2 ** bits) + 512;
  }, 0);
}

async function check(model: Model, weights: string, run: (of: Model) => Promise<Float32Array[]>): Promise<void> {
  const { bits } = findScheme(weights);
  const { model: made, report } = await quantize(model, optionsOf(weights));
  const layers = new Map(findLayers(model).map((layer) => [layer.node.id, layer]));
  const stored = report.layers.filter(({ action }) => action === 'weight-only');
  expect(stored.length).toBeGreaterThan(5);
  const seen = new Set<WeightView['source']>();
  for (const { name, bytes } of stored) {
    const { views } = layers.get(name)!;
    // What a layer shares with one before it is counted there.
    const isShared = views.some(({ source }) => seen.has(source));
    views.forEach(({ source }) => seen.add(source));
    const elements = large(views).reduce((sum, { stored: tensor }) => sum + tensor.length, 0);
    if (!isShared) expect(bytes.after).toBeGreaterThanOrEqual((elements * bits) / 8);
    expect(bytes.after).toBeLessThanOrEqual(mostBytes(views, bits));
  }
  const [wanted, found] = [await run(simulated(model, weights)), await run(made)];
  wanted.forEach((values, output) => {
    let [size, difference] = [0, 0];
    values.forEach((value, i) => {
      const other = found[output]![i]!;
      if (value > size || -value > size) size = value < 0 ? -value : value;
      if (value - other > difference || other - value > difference)
        difference = value < other ? other - value : value - other;
    });
    // The same values in float32 in another order of sums: 2^-24 a product, some 2^7 of them in a sum, a dozen layers.
    expect(difference).toBeLessThan(1e-3 * size);
  });
}

describe('schemes in ONNX Runtime: the outputs of the simulated model, the bytes that bits promise', () => {
  it.each(SCHEMES)('Silero VAD, %s', async (weights) => {
    const model = await loadModel(join(root, 'node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx'));
    const feeds: Feeds = {
      input: noiseTensor([1, 576], 3),
      state: noiseTensor([2, 1, 128], 4),
      sr: Tensor.scalar('int64', 16000),
    };
    await check(model, weights, async (of) =>
      Object.values(await runOrt(of, feeds)).map((output) => output.toFloat32()),
    );
  });

  it.each(SCHEMES.filter((name) => name !== 'codebook4'))('tinylm, %s', async (weights) => {
    const model = await loadModel(join(root, 'fixtures/models/tinylm.onnx'));
    const tokens = Tensor.of(
      'int64',
      [1, 128],
      BigInt64Array.from({ length: 128 }, (_, i) => BigInt((i * 37) % 500)),
    );
    await check(model, weights, async (of) => [(await runOrt(of, { tokens }))['logits']!.toFloat32()]);
  });
});
