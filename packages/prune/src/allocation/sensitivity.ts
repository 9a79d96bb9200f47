import { fromWeightMatrix, type Model, toWeightMatrix } from '@gossamer/graph';
import { keepSamples, modelInputs, ModelTrials } from '@gossamer/runtime';
import type { Pattern, ScoredMatrix } from '../patterns/pattern.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';
import { changeOf } from './change-of.js';
import { concatMasks, keptShare } from '../weights/choose-masks.js';
import type { PrunableWeight } from '../weights/find-weights.js';
import { convexSegments, type Segment } from './convex-segments.js';

/** Shares of a weight that are set to 0 to see what the model says without them. */
const SHARES = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99] as const;

/** Most of a weight that goes, and so the most that can be asked for. */
export const MOST_BY_SENSITIVITY = SHARES[SHARES.length - 1]!;

/** Samples of a run, and how many are run where the options do not say it. */
const BATCH = 8;
const SAMPLES = 128;

/**
 * How many elements of each weight stay so that `sparsity` of all go, least ones first: shares of each weight are set to 0 by themselves, the change of the model's
 * outputs is measured (KL of the logits, else noise to signal), and elements go in the order of change for how many they are, along the lower convex hull.
 * Runs the data 8 times a weight. The model is as it was afterwards.
 */
export async function sensitivityCounts(
  model: Model,
  weights: readonly PrunableWeight[],
  scores: readonly (readonly ScoredMatrix[])[],
  { pattern, sparsity }: { readonly pattern: Pattern; readonly sparsity: number },
  { data, samples = SAMPLES, threads, signal, onProgress }: PruneWeightsOptions,
): Promise<number[]> {
  const run = { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
  const kept = await keepSamples(data!, modelInputs(model), { parts: [samples], batchSize: BATCH, ...run });
  const trials = await ModelTrials.open(model, kept[0]!, run);
  const sizes = weights.map(({ view }) => toWeightMatrix(view).data.length);
  const steps: (Segment & { readonly weight: number })[] = [];
  for (const [i, { view }] of weights.entries()) {
    const { data: whole } = toWeightMatrix(view);
    const points = [];
    for (const share of SHARES) {
      const stays = keptShare(sizes[i]!, share);
      const mask = concatMasks(pattern.choose(scores[i]!, stays));
      view.write(
        fromWeightMatrix(
          view,
          whole.map((value, at) => (mask[at] === 1 ? value : 0)),
        ),
      );
      points.push({ kept: stays, change: changeOf(await trials.measure(model)), saved: sizes[i]! - stays });
    }
    view.write(fromWeightMatrix(view, whole));
    for (const segment of convexSegments(sizes[i]!, points)) steps.push({ ...segment, weight: i });
    onProgress?.({ stage: 'sensitivity', done: i + 1, total: weights.length });
  }
  steps.sort((a, b) => a.price - b.price || a.weight - b.weight || b.from - a.from);
  const counts = [...sizes];
  const total = sizes.reduce((a, b) => a + b, 0);
  let left = total - keptShare(total, sparsity);
  for (const { weight, from, to } of steps) {
    const gone = Math.min(from - to, left);
    counts[weight]! -= gone;
    left -= gone;
  }
  return counts;
}
