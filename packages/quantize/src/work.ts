import type { Layer } from './layers.js';
import { storedBytes } from './layers.js';
import { nameLayer } from './name-layer.js';
import { readAhead } from './read-ahead.js';
import type { LayerAction, ReportBuilder } from './report.js';
import type { ResolvedOptions } from './resolved-options.js';

/** What happens to one layer: the slow part (reading, quantizing), then the edit of the graph. */
export interface Work {
  readonly layer: Layer;
  readonly action: LayerAction;
  readonly reason: string;
  /** Quantizes; the function it gives edits the graph and returns the bytes of the new constants. */
  prepare(): Promise<() => number>;
}

/** Notes a layer's fate in the report, in graph order, before the work is done. */
export function announce(work: Work, report: ReportBuilder): void {
  const before = storedBytes(work.layer.views);
  report.layer(work.layer.node, { action: work.action, reason: work.reason, bytes: { before, after: before } });
}

/** Does all work in order, quantizing one layer ahead of the edits. */
export async function runWorks(works: readonly Work[], options: ResolvedOptions, report: ReportBuilder): Promise<void> {
  let done = 0;
  for await (const [work, edit] of readAhead(works, (item) => nameLayer(item.layer.node.id, item.prepare()))) {
    options.signal?.throwIfAborted();
    const { layer, action, reason } = work;
    const { id, kind } = layer.node;
    const before = storedBytes(layer.views);
    report.layer({ id, kind }, { action, reason, bytes: { before, after: edit() } });
    options.onProgress?.({ stage: 'quantize', done: ++done, total: works.length });
  }
}
