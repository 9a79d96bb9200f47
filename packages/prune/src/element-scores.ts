import { fromWeightMatrix, layerFilter, type Model } from '@gossamer/graph';
import { badOption } from './bad-option.js';
import { findCriterion } from './criteria/registry.js';
import type { PruneWeightsOptions } from './prune-weights-options.js';
import { requireThreshold } from './criteria/threshold.js';
import { findWeights } from './weights/find-weights.js';
import { gradientData } from './weights/gradient-data.js';
import { joinScores } from './patterns/unstructured.js';
import { scoreWeights } from './weights/score-weights.js';

export type ElementScoreOptions = Omit<PruneWeightsOptions, 'sparsity' | 'pattern' | 'update' | 'allocation'>;

/**
 * How important a criterion takes the elements of each weight to be, before anything is pruned: by name of the stored tensor, in the layout that its first layer reads; larger, more important. Weights of which
 * the criterion knows nothing are missing. Throws ERR_PRUNE_OPTION, ERR_PRUNE_DATA.
 */
export async function elementScores(model: Model, options: ElementScoreOptions): Promise<Map<string, Float64Array>> {
  const { include = [], exclude = [], data } = options;
  const criterion = findCriterion(options.criterion ?? 'magnitude');
  const { needs } = criterion;
  if (needs !== 'nothing' && !data)
    badOption('data', `samples for criterion ${criterion.name}`, 'none', 'ERR_PRUNE_DATA');
  const { weights } = findWeights(model, layerFilter(model, { include, exclude }).filter);
  const scores = await scoreWeights(model, weights, criterion, {
    options,
    threshold: criterion.cut === undefined ? undefined : requireThreshold(options.threshold),
    gradients: needs === 'nothing' || needs === 'inputs' ? undefined : await gradientData(model, options),
  });
  return new Map(
    [...scores].map(([{ view }, matrices]) => [view.source.name, fromWeightMatrix(view, joinScores(matrices))]),
  );
}
