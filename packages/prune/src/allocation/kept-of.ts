import type { Model } from '@gossamer/graph';
import { findCriterion } from '../criteria/registry.js';
import type { ScoredMatrix } from '../patterns/pattern.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { keptCounts, keptShare } from '../weights/choose-masks.js';
import type { PrunableWeight } from '../weights/find-weights.js';
import { scoreWeights } from '../weights/score-weights.js';
import { sensitivityCounts } from './sensitivity.js';

/**
 * How many elements of each weight stay; one number where all weights have one threshold. Without scores, of an update that chooses by itself, weights are as
 * sensitive as they are to the loss of their smallest elements.
 */
export async function keptOf(
  model: Model,
  weights: readonly PrunableWeight[],
  { pattern, sparsity, allocation, threshold }: ResolvedOptions,
  options: PruneWeightsOptions,
  scores?: readonly (readonly ScoredMatrix[])[],
): Promise<number | number[]> {
  const shapes = weights.map(({ view }) => view.shape);
  if (allocation === 'uniform' || allocation === 'erk') return keptCounts(shapes, sparsity!, allocation);
  if (allocation === 'sensitivity') {
    const by = { options, threshold, gradients: undefined };
    const own = scores ?? [...(await scoreWeights(model, weights, findCriterion('magnitude'), by)).values()];
    return sensitivityCounts(model, weights, own, { pattern, sparsity: sparsity! }, options);
  }
  const total = shapes.reduce((sum, dims) => sum + dims.reduce((a, b) => a * b, 1), 0);
  return keptShare(total, sparsity!);
}
