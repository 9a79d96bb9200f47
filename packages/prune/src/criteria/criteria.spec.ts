import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays, type DataSource } from '@gossamer/runtime';
import { elementScores } from '../element-scores.js';
import { pruneWeights } from '../prune-weights.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';
import { thresholdShares } from '../threshold-shares.js';

const [SAMPLES, IN, CLASSES] = [12, 5, 3];
const wave = (length: number, phase: number) => Float32Array.from({ length }, (_, i) => Math.sin(2.3 * i + phase));
const x = wave(SAMPLES * IN, 1);
const w = wave(IN * CLASSES, 4);
const labels = Array.from({ length: SAMPLES }, (_, i) => (i * i) % CLASSES);

function net(weights: Float32Array = w): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const product = g.op('MatMul', [g.input('x', 'float32', ['n', IN]), g.weight('w', [IN, CLASSES], weights)]);
  return g.output(product, 'y', 'float32', ['n', CLASSES]).model();
}

const data: DataSource = dataFromArrays({
  x: Tensor.of('float32', [SAMPLES, IN], x),
  labels: Tensor.of('int64', [SAMPLES], BigInt64Array.from(labels, BigInt)),
});

/** Loss of one sample by weights, in float64. */
function lossOf(weights: ArrayLike<number>, sample: number): number {
  const scores = Array.from({ length: CLASSES }, (_, c) =>
    Array.from({ length: IN }, (_, i) => x[sample * IN + i]! * weights[i * CLASSES + c]!).reduce((a, b) => a + b),
  );
  return Math.log(scores.map(Math.exp).reduce((a, b) => a + b)) - scores[labels[sample]!]!;
}

/** Gradient of the mean loss of samples, by central differences in float64: nothing of the package is used. */
function gradientOf(samples: readonly number[], weights: ArrayLike<number> = w): number[] {
  const h = 1e-5;
  const loss = (values: readonly number[]) => samples.reduce((sum, n) => sum + lossOf(values, n), 0) / samples.length;
  return Array.from(weights, (_, i) => {
    const moved = (by: number) => Array.from(weights, (value, j) => (i === j ? value + by : value));
    return (loss(moved(h)) - loss(moved(-h))) / (2 * h);
  });
}

const all = labels.map((_, n) => n);
const batches = [all.slice(0, 5), all.slice(5, 10), all.slice(10)];
const mean = (lists: readonly (readonly number[])[]) =>
  lists[0]!.map((_, i) => lists.reduce((sum, own) => sum + own[i]!, 0) / lists.length);
const squares = (sets: readonly (readonly number[])[]) =>
  mean(sets.map((set) => gradientOf(set).map((value) => value * value)));
const normOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0);

test.each<[string, () => number[], number]>([
  ['taylor', () => squares(batches).map((g, i) => g * w[i]! ** 2), 1e-6],
  ['snip', () => gradientOf(all).map((g, i) => Math.abs(g * w[i]!)), 1e-6],
  ['fisher', () => squares(all.map((n) => [n])).map((f, i) => 0.5 * f * w[i]! ** 2), 1e-6],
  [
    'grasp',
    // Half of what |g|² falls by when w_i goes a little of its way to 0: the derivative along it.
    () =>
      Array.from(w, (value, i) => {
        const h = 1e-4;
        const at = (by: number) =>
          normOf(
            gradientOf(
              all,
              Float64Array.from(w, (v, j) => (i === j ? v + by : v)),
            ),
          );
        return ((at(h) - at(-h)) / (2 * h) / 2) * value;
      }),
    2 ** -14,
  ],
])('%s is its formula', async (criterion, expected, error) => {
  const scores = (await elementScores(net(), { criterion, data, batch: 5, threads: 1 })).get('w')!;
  expected().forEach((value, i) => expect(Math.abs(scores[i]! - value)).toBeLessThan(error));
});

test('woodfisher: with gradients of one weight only it is w² (F + lambda) / 2', async () => {
  const scores = (await elementScores(net(), { criterion: 'woodfisher', data, threads: 1 })).get('w')!;
  const f = all.map((n) => gradientOf([n]));
  const lambda = (0.01 * mean(f.map((g) => g.map((value) => value * value))).reduce((a, b) => a + b)) / w.length;
  // 1 / [F⁻¹]qq is what is left of F_qq once the other weights have explained what they can: at most F_qq + lambda, at least lambda.
  squares(all.map((n) => [n])).forEach((own, i) => {
    expect(scores[i]!).toBeLessThanOrEqual((w[i]! ** 2 * (own + lambda)) / 2 + 1e-6);
    expect(scores[i]!).toBeGreaterThanOrEqual((w[i]! ** 2 * lambda) / 2 - 1e-6);
  });
});

test('threshold: shares are told first, and those go; nothing else changes', async () => {
  const weights = Float64Array.from([0.05, -0.05, 0.5, 1, -0.2, 0.1, 0.3, -0.4, 0.6, 2, 0, -1, 0.7, 0.8, 0.9]);
  const model = net(Float32Array.from(weights));
  const [own] = thresholdShares(model, { absolute: 0.25 });
  expect(own).toMatchObject({ op: 'MatMul', elements: 15, limit: 0.25, share: 5 / 15 });
  const { model: pruned, report } = await pruneWeights(model, {
    criterion: 'threshold',
    threshold: { absolute: 0.25 },
  });
  expect(report.weights[0]).toMatchObject({ elements: 15, zeros: 5 });
  expect([...pruned.graph.value('w')!.initializer!.toFloat32()]).toEqual(
    [...Float32Array.from(weights)].map((value) => (Math.abs(value) < 0.25 ? 0 : value)),
  );
  const sigma = Math.sqrt(weights.reduce((sum, v) => sum + (v - weights.reduce((a, b) => a + b) / 15) ** 2, 0) / 15);
  const [bySigma] = thresholdShares(model, { sigma: 0.5 });
  expect(bySigma!.limit).toBeCloseTo(sigma / 2, 6);
  expect(bySigma!.share).toBe(weights.filter((v) => Math.abs(v) < sigma / 2).length / 15);
  for (const quantile of [0.2, 0.5, 1]) {
    const options: PruneWeightsOptions = { criterion: 'threshold', threshold: { quantile } };
    const [share] = thresholdShares(model, { quantile });
    const { report: done } = await pruneWeights(model, options);
    expect(done.sparsity).toBeCloseTo(share!.share, 12);
  }
  expect(thresholdShares(model, { quantile: 0.2 })[0]!.share).toBeCloseTo(0.2, 12);
});

test.each<[PruneWeightsOptions, string]>([
  [{ criterion: 'threshold' }, 'threshold: expected { absolute }, { sigma } or { quantile }, received none'],
  [{ criterion: 'threshold', threshold: { absolute: NaN } }, 'threshold.absolute: expected a finite number above 0'],
  [{ criterion: 'threshold', threshold: { quantile: 2 } }, 'threshold.quantile: expected a number above 0'],
  [
    { criterion: 'threshold', threshold: { sigma: 1 }, sparsity: 0.5 },
    'sparsity: expected none with criterion threshold, received 0.5',
  ],
  [
    { criterion: 'threshold', threshold: { sigma: 1 }, pattern: '2:4' },
    'pattern: expected unstructured with criterion threshold, received 2:4',
  ],
  [{ sparsity: 0.5, threshold: { sigma: 1 } }, 'threshold: expected none but with criterion threshold'],
  [{ sparsity: 0.5, criterion: 'taylor' }, 'data: expected samples for criterion taylor, received none'],
  [{ sparsity: 0.5, update: 'obs' }, 'data: expected samples for update obs, received none'],
  [{ sparsity: 0.5, update: 'all' as 'obs', data }, 'update: expected none, obs, sparsegpt, woodfisher, received all'],
  [
    { sparsity: 0.5, update: 'obs', allocation: 'global', data },
    "allocation: expected 'uniform', 'row', 'erk' or 'sensitivity'",
  ],
  [{ pattern: 'max4:16', sparsity: 0.8, update: 'sparsegpt', data }, 'criterion: expected one with pattern max4:16'],
])('%j is refused', async (options, text) => {
  await expect(pruneWeights(net(), options)).rejects.toMatchObject({ message: expect.stringContaining(text) });
});

test('data without labels: they are drawn, and the report says so', async () => {
  const unlabelled = dataFromArrays({ x: Tensor.of('float32', [SAMPLES, IN], x) });
  const { report } = await pruneWeights(net(), { sparsity: 0.4, criterion: 'fisher', data: unlabelled, threads: 1 });
  expect(report.weights[0]).toMatchObject({ elements: 15, zeros: 6 });
  expect(report.warnings).toEqual([
    'data: expected labels, received none; they are drawn from what the model itself predicts',
  ]);
});
