import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Model } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { buildArchitecture, crossEntropy, train } from '@gossamer/train';
import * as fc from 'fast-check';
import { sparsityOf } from '../schedules/rounds.js';
import { accuracy } from '../testing/accuracy.js';
import { digits } from '../testing/digits.js';
import { searchRatios, withinBudget } from './search-ratios.js';

const held = digits(3000, 300, [784]);
let model: Model;
beforeAll(async () => {
  const options = { losses: [{ loss: crossEntropy() }], batch: 40, epochs: 4, seed: 5, threads: 1 };
  model = (await train(buildArchitecture('mlp-784-32-16-10', 3), digits(0, 800, [784]), options)).model;
});

test('sparsities meet the budget, none above the most', () => {
  const layer = fc.tuple(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.integer({ min: 1, max: 10_000 }));
  fc.assert(
    fc.property(
      fc.array(layer, { minLength: 1, maxLength: 8 }),
      fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      (layers, sparsity) => {
        const sizes = layers.map(([, size]) => size);
        const ratios = withinBudget(
          layers.map(([number]) => number),
          sizes,
          sparsity,
          0.97,
        );
        const total = sizes.reduce((a, b) => a + b, 0);
        const gone = ratios.reduce((sum, ratio, i) => sum + ratio * sizes[i]!, 0);
        expect(Math.abs(gone / total - sparsity)).toBeLessThan(1e-12);
        ratios.forEach((ratio) => expect(ratio).toBeLessThanOrEqual(0.97));
        // The order of the candidate's numbers stays.
        layers.forEach(([a], i) =>
          layers.forEach(([b], j) => a > b && expect(ratios[i]).toBeGreaterThanOrEqual(ratios[j]!)),
        );
      },
    ),
  );
});

test('better than the same share of each layer, at the same sparsity; gone on with from its journal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-ratios-'));
  try {
    let count = 0;
    const measure = async (candidate: Model) => {
      count++;
      expect(Math.abs(sparsityOf(candidate, {}) - 0.9)).toBeLessThan(3 / (784 * 32));
      return 1 - (await accuracy(candidate, held));
    };
    const before = serializeModel(model);
    const journal = join(folder, 'journal.jsonl');
    const found = await searchRatios(model, { sparsity: 0.9, trials: 12, measure, journal });
    expect(serializeModel(model)).toEqual(before);
    expect(count).toBe(13);
    expect(found.value).toBeLessThan(found.uniform);
    expect(1 - (await accuracy(found.model, held))).toBe(found.value);
    const again = await searchRatios(model, { sparsity: 0.9, trials: 12, measure, journal });
    expect(count).toBe(14);
    expect(serializeModel(again.model)).toEqual(serializeModel(found.model));
    expect([...again.ratios]).toEqual([...found.ratios]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('is uniform where nothing is better, and refuses what cannot be met', async () => {
  const measure = async () => 0.5;
  const { ratios, value } = await searchRatios(model, { sparsity: 0.5, trials: 2, measure });
  expect([...ratios.values()]).toEqual([0.5, 0.5, 0.5]);
  expect(value).toBe(0.5);
  for (const wrong of [{ sparsity: 1.5 }, { most: 0.4 }, { prune: { include: ['none-such'] } }])
    await expect(searchRatios(model, { sparsity: 0.5, measure, ...wrong })).rejects.toThrow();
});
