import type { StructureReport } from '@gossamer/prune';
import type { LayerResult } from '../result.js';
import type { Change, WeightChange } from './compare-weights.js';

/** What became of one layer. */
export interface PrunedLayer extends WeightChange, Omit<LayerResult, 'bytes'> {
  readonly action: 'pruned' | 'left';
  /** With an update, what it says that rises: the mean squared error of the layer's outputs, summed over them; of 'woodfisher' the loss. */
  readonly rise?: number;
}

/** Of patterns of structure: what went of every group of units that can only go together, which blocks went, and which outputs cannot. */
export type PrunedStructure = Pick<StructureReport, 'groups' | 'blocks' | 'frozen'>;

export interface PruneReport {
  /** As it was asked for: unstructured, 2:4, channel, ... */
  readonly pattern: string;
  readonly criterion: string;
  readonly layers: readonly PrunedLayer[];
  readonly structure?: PrunedStructure;
  /** Elements of the weights of all `layers`. Not bytes: a zero takes as many as any number until `encode` stores it. */
  readonly elements: Change;
  /** Share of zeros among them, in [0, 1]. */
  readonly sparsity: Change;
  /** Of the layers whose multiply-accumulates are known, zeros counted as any number. */
  readonly macs: Change;
  /** What this result needs to be smaller or faster where it is used. */
  readonly hints: readonly string[];
  readonly warnings: readonly string[];
}

/** Sums over the layers. */
export function totals(layers: readonly PrunedLayer[]): Pick<PruneReport, 'elements' | 'sparsity' | 'macs'> {
  const sum = (pick: (layer: PrunedLayer) => Change | undefined): Change => ({
    before: layers.reduce((total, layer) => total + (pick(layer)?.before ?? 0), 0),
    after: layers.reduce((total, layer) => total + (pick(layer)?.after ?? 0), 0),
  });
  const [elements, zeros] = [sum((layer) => layer.elements), sum((layer) => layer.zeros)];
  const share = (some: number, all: number) => (all > 0 ? some / all : 0);
  const sparsity = { before: share(zeros.before, elements.before), after: share(zeros.after, elements.after) };
  return { elements, sparsity, macs: sum((layer) => layer.macs) };
}
