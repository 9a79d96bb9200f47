import type { Model } from '@gossamer/graph';
import { compareWeights } from './compare-weights.js';
import { pruneHints } from './prune-hints.js';
import { type PrunedLayer, type PruneReport, totals } from './prune-report.js';
import type { PrunedGraph } from './pruned-graph.js';

/** What was done to each layer of `before`, and what it is worth. */
export function reportOf(before: Model, made: PrunedGraph): PruneReport {
  const { pattern, criterion, left, rises, warnings } = made;
  const layers = compareWeights(before, made.model).map((change): PrunedLayer => {
    const reason = left.get(change.name);
    const rise = rises.get(change.name);
    return {
      ...change,
      action: reason === undefined ? 'pruned' : 'left',
      reason: reason ?? `${pattern} by ${criterion}`,
      ...(rise === undefined ? {} : { rise }),
    };
  });
  const summary = { pattern, criterion, layers, ...totals(layers) };
  return { ...summary, hints: pruneHints(summary), warnings };
}
