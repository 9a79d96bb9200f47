import type { Batch, DataSource } from '@gossamer/runtime';

/** A data source over batches that are made anew on each reading; `describe` is its one line for people, and its digest. */
export function batchSource(describe: string, length: number, make: () => Iterable<Batch>): DataSource {
  return {
    description: describe,
    length,
    latencyOnly: false,
    hasLabels: true,
    hasTargets: true,
    async *batches(request = {}) {
      let seen = 0;
      for (const batch of make()) {
        request.signal?.throwIfAborted();
        if (seen >= (request.limit ?? Infinity)) return;
        seen += batch.count;
        yield batch;
      }
    },
    // The makers are deterministic: what describes them decides their samples.
    digest: async () => describe,
  };
}
