import type { DimBindings, Model } from '@gossamer/graph';
import { compareWeights } from './compare-weights.js';
import { pruneHints } from './prune-hints.js';
import { type PrunedLayer, type PruneReport, totals } from './prune-report.js';
import type { PrunedGraph } from './pruned-graph.js';

/** What was done to each layer of `before`, and what it is worth; MACs at the sizes that are bound. */
export function reportOf(before: Model, made: PrunedGraph, bind: DimBindings = {}): PruneReport {
  const { pattern, criterion, explain, structure, warnings } = made;
  const changes = compareWeights(before, made.model, bind);
  const layers = changes.map((change): PrunedLayer => ({ ...change, ...explain(change) }));
  const summary = { pattern, criterion, layers, ...(structure ? { structure } : {}), ...totals(layers) };
  return { ...summary, hints: pruneHints(summary), warnings };
}
