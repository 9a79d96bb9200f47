import type { Model } from '@gossamer/graph';
import type { WeightChange } from './compare-weights.js';
import type { PrunedLayer, PrunedStructure } from './prune-report.js';
import type { RecoveryReport } from './recovery.js';

/** What a way of pruning made, before it is reported. */
export interface PrunedGraph {
  readonly model: Model;
  readonly pattern: string;
  readonly criterion: string;
  /** What was done to a layer, and why. */
  readonly explain: (change: WeightChange) => Pick<PrunedLayer, 'action' | 'reason' | 'rise'>;
  readonly structure?: PrunedStructure;
  readonly warnings: readonly string[];
  readonly recovery?: RecoveryReport;
}
