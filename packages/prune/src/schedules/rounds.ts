import { layerFilter, type Model } from '@gossamer/graph';
import { findWeights } from '../weights/find-weights.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';

/** A step of an iterative schedule, and the model that it ended in. */
export interface Round {
  readonly name: string;
  readonly model: Model;
  /** Share of the elements of the weights meant that are 0. */
  readonly sparsity: number;
}

/** Sparsity after each of `rounds` rounds that all take the same share of what is left: 1 - (1 - sparsity)^(i / rounds). Source: Frankle and Carbin (arXiv:1803.03635), section 2. */
export function roundSparsities(sparsity: number, rounds: number): number[] {
  return Array.from({ length: rounds }, (_, i) =>
    i + 1 === rounds ? sparsity : 1 - (1 - sparsity) ** ((i + 1) / rounds),
  );
}

/** Share of zeros among the weights that `pruneWeights` would look at. */
export function sparsityOf(
  model: Model,
  { include = [], exclude = [] }: Pick<PruneWeightsOptions, 'include' | 'exclude'>,
): number {
  const { weights } = findWeights(model, layerFilter(model, { include, exclude }).filter);
  let [zeros, elements] = [0, 0];
  for (const { view } of weights) {
    const data = view.stored.toFloat32();
    elements += data.length;
    zeros += data.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
  }
  return elements > 0 ? zeros / elements : 0;
}

/** Options of pruning that decide its result. */
export function pruningSettings(options: PruneWeightsOptions): unknown {
  const { signal: _, onProgress: __, threads: ___, data, ...rest } = options;
  return { ...rest, data: data !== undefined };
}
