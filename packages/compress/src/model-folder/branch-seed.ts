import type { Model } from '@gossamer/graph';
import { modelInputs, openData } from '@gossamer/runtime';

/** Samples that the gate compares on. */
const SAMPLES = 4;
const SWITCH = 'use_cache_branch';

/**
 * The first seed with which the gate's random inputs run both branches of a merged decoder; 0 for any other model, which has no such input.
 */
export async function branchSeed(model: Model): Promise<number> {
  const input = modelInputs(model).find(({ name }) => name === SWITCH);
  if (input?.dtype !== 'bool') return 0;
  for (let seed = 0; ; seed++) {
    const seen = new Set<number>();
    const data = await openData(`random:${SAMPLES}`, { seed });
    for await (const { feeds } of data.batches({ inputs: [input], batchSize: 1 })) seen.add(feeds[SWITCH]!.item());
    if (seen.size === 2) return seed;
  }
}
