import type { Model } from '@gossamer/graph';
import type { Dataset } from '@gossamer/train';
import { labelledSamples } from '../gradients/labelled-samples.js';
import type { StatisticOptions } from '../gradients/weight-statistics.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';

/** Samples with labels, and how they are differentiated. */
export interface GradientData {
  readonly dataset: Dataset;
  readonly how: StatisticOptions;
  readonly warnings: readonly string[];
}

const SAMPLES = 512;

/** What criteria and updates over gradients look at. */
export async function gradientData(
  model: Model,
  { data, samples = SAMPLES, loss, teacher, batch, seed, threads, signal }: PruneWeightsOptions,
): Promise<GradientData> {
  const common = { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
  const labelled = await labelledSamples(model, data!, {
    ...{ limit: samples, ...common },
    ...(teacher ? { teacher } : {}),
    ...(seed === undefined ? {} : { seed }),
  });
  return { ...labelled, how: { ...common, ...(loss ? { loss } : {}), ...(batch === undefined ? {} : { batch }) } };
}
