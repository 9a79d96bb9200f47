import { type Model, toWeightMatrix } from '@gossamer/graph';
import type { Criterion } from '../criteria/criterion.js';
import type { Threshold } from '../criteria/threshold-limit.js';
import { weightStatistics } from '../gradients/weight-statistics.js';
import type { ScoredMatrix } from '../patterns/pattern.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';
import type { PrunableWeight } from './find-weights.js';
import type { GradientData } from './gradient-data.js';
import { walkInputs } from './walk-inputs.js';

export interface ScoreContext {
  readonly options: PruneWeightsOptions;
  readonly threshold: Threshold | undefined;
  /** Where gradients are needed. */
  readonly gradients: GradientData | undefined;
}

/** Scores of each matrix of every weight; missing where what the criterion needs cannot be had. */
export async function scoreWeights(
  model: Model,
  weights: readonly PrunableWeight[],
  criterion: Criterion,
  { options, threshold, gradients }: ScoreContext,
): Promise<Map<PrunableWeight, ScoredMatrix[]>> {
  const found = new Map<PrunableWeight, ScoredMatrix[]>();
  const score = async (weight: PrunableWeight, second?: readonly Float64Array[], statistic?: Float64Array) => {
    options.signal?.throwIfAborted();
    const { groups, rows, columns, taps, data } = toWeightMatrix(weight.view);
    const size = rows * columns;
    const matrices: ScoredMatrix[] = [];
    for (let group = 0; group < groups; group++) {
      const [first, end] = [group * size, (group + 1) * size];
      const scores = await criterion.score({
        ...{ data: data.subarray(first, end), rows, columns },
        ...(second ? { second: second[group]! } : {}),
        ...(statistic ? { statistic: statistic.subarray(first, end) } : {}),
        ...(threshold ? { threshold } : {}),
      });
      matrices.push({ rows, columns, taps, scores });
    }
    found.set(weight, matrices);
  };
  if (criterion.needs === 'inputs') {
    await walkInputs(model, weights, options, 'inputs', async (weight, { second }) => {
      await score(weight, second);
      return undefined;
    });
  } else if (criterion.needs === 'nothing') {
    for (const weight of weights) await score(weight);
  } else {
    const { dataset, how } = gradients!;
    for (const [weight, statistic] of await weightStatistics(model, weights, dataset, criterion.needs, how))
      await score(weight, undefined, statistic);
  }
  return found;
}
