import { layerFilter, type Model, toWeightMatrix } from '@gossamer/graph';
import { requireThreshold, thresholdOf } from './criteria/threshold.js';
import type { Threshold } from './criteria/threshold-limit.js';
import { findWeights } from './weights/find-weights.js';

/** What a threshold would take from a weight. */
export interface ThresholdShare {
  /** The layers that read it. */
  readonly layers: readonly string[];
  readonly op: string;
  readonly elements: number;
  /** The |w| below which elements go. */
  readonly limit: number;
  /** Share of the elements that are below it. */
  readonly share: number;
}

/** What criterion 'threshold' would take away, before anything is: weight by weight. Throws ERR_PRUNE_OPTION. */
export function thresholdShares(
  model: Model,
  threshold: Threshold,
  { include = [], exclude = [] }: { readonly include?: readonly string[]; readonly exclude?: readonly string[] } = {},
): ThresholdShare[] {
  const chosen = requireThreshold(threshold);
  const { weights } = findWeights(model, layerFilter(model, { include, exclude }).filter);
  return weights.map(({ view, layers }) => {
    const { data } = toWeightMatrix(view);
    const limit = thresholdOf(data, chosen);
    const below = data.reduce((count, w) => count + (Math.abs(w) < limit ? 1 : 0), 0);
    return { layers, op: view.op, elements: data.length, limit, share: data.length > 0 ? below / data.length : 0 };
  });
}
