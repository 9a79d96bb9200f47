import type { WeightView } from '@gossamer/graph';
import type { Layer } from './layers.js';
import { storedBytes } from './layers.js';
import type { ReportBuilder } from './report.js';
import type { ResolvedOptions } from './resolved-options.js';
import type { CodeStore } from './weights/code-store.js';
import { quantizeRows } from './weights/quantize-rows.js';
import { rewriteEmbedding } from './weights/store-embedding.js';
import { quantizeStored, rewriteStored } from './weights/store-weight.js';
import type { QuantizedWeight } from './weights/quantize-channels.js';
import type { WeightReader } from './weights/weight-reader.js';
import { announce, type Work } from './work.js';

/** Fewer elements than these are not worth codes, scales and two more nodes. */
const LEAST_ELEMENTS = 256;

export interface StorageContext {
  readonly options: ResolvedOptions;
  readonly report: ReportBuilder;
  readonly store: CodeStore;
  readonly reader: WeightReader;
}

/**
 * Keeps a layer's computation in float and stores its weights in 8 bits, unless `storage` is 'float' or the weights are tiny: then the
 * layer is reported as left. `reason` says why it has no integer kernel.
 */
export function planStorage(layer: Layer, reason: string, { options, report, store, reader }: StorageContext): Work[] {
  const large = layer.views.filter((view) => view.stored.length >= LEAST_ELEMENTS);
  if (options.storage === 'float' || large.length === 0) {
    const why = options.storage === 'float' ? reason : `${reason}; its weights are too small to store in 8 bits`;
    report.leftFloat(layer.node, why, storedBytes(layer.views));
    return [];
  }
  const kept = storedBytes(layer.views.filter((view) => !large.includes(view)));
  const isEmbedding = isTable(large[0]!);
  const work: Work = {
    layer,
    action: 'weight-only',
    reason: `${reason}; weights stored in 8 bits`,
    async prepare() {
      const weights: QuantizedWeight[] = [];
      for (const view of large) {
        weights.push(await (isEmbedding ? quantizeRows(view.stored, reader) : quantizeStored(view, reader)));
      }
      const rewrite = isEmbedding ? rewriteEmbedding : rewriteStored;
      return () => kept + large.reduce((sum, view, i) => sum + rewrite(view, weights[i]!, store), 0);
    },
  };
  announce(work, report);
  return [work];
}

/** An embedding whose rows are gathered, stored as it is read. */
export function isTable(view: WeightView): boolean {
  return view.role === 'embedding' && view.node.int('axis', 0) === 0 && view.chain.length === 0;
}
