import type { Batch, DataSource } from '../data/data-source.js';
import type { PortSpec } from '../session/port-spec.js';

export interface KeepSamplesOptions {
  /** Samples of each part, in order; the last one may get fewer. A part ends with the batch that fills it. */
  readonly parts: readonly number[];
  /** Samples a batch. Default 1. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/**
 * Reads samples once and keeps them in memory as data sources of their own, which give the same batches each time, whatever size is asked for.
 * A part for which nothing was left is empty.
 */
export async function keepSamples(
  data: DataSource,
  inputs: readonly PortSpec[],
  { parts, batchSize = 1, signal }: KeepSamplesOptions,
): Promise<DataSource[]> {
  const kept: Batch[][] = parts.map(() => []);
  const counts = parts.map(() => 0);
  const limit = parts.reduce((a, b) => a + b, 0);
  let part = 0;
  for await (const batch of data.batches({ inputs, batchSize, limit, ...(signal ? { signal } : {}) })) {
    while (part < parts.length - 1 && counts[part]! >= parts[part]!) part++;
    kept[part]!.push(batch);
    counts[part]! += batch.count;
  }
  return kept.map((batches, i) => keptSource(data, batches, counts[i]!));
}

function keptSource(data: DataSource, batches: readonly Batch[], length: number): DataSource {
  return {
    description: `${data.description}, ${length} samples kept`,
    length,
    latencyOnly: data.latencyOnly,
    hasLabels: data.hasLabels,
    hasTargets: data.hasTargets,
    async *batches({ signal } = {}) {
      for (const batch of batches) {
        signal?.throwIfAborted();
        yield batch;
      }
    },
    digest: () => data.digest(),
  };
}
