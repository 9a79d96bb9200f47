import type { DataSource } from '@gossamer/runtime';

/** The first `count` samples of `data`. */
export function limitSamples(data: DataSource, count: number): DataSource {
  const limit = (given: number | undefined) => Math.min(given ?? count, count);
  return {
    description: data.description,
    length: data.length === undefined ? undefined : limit(data.length),
    latencyOnly: data.latencyOnly,
    hasLabels: data.hasLabels,
    hasTargets: data.hasTargets,
    batches: (options = {}) => data.batches({ ...options, limit: limit(options.limit) }),
    digest: () => data.digest(),
  };
}
