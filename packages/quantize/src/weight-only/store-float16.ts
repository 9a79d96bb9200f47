import { type LayerFilter, type Model, Tensor, type Value } from '@gossamer/graph';
import { readBehindCast } from '../forms/read-behind-cast.js';
import { findLayers, type Layer, refuseLayer, storedBytes } from '../layers.js';
import type { ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { floatData } from '../weights/float-data.js';
import { announce, runWorks, type Work } from '../work.js';

/** Fewer elements than these are not worth a Cast. */
const LEAST_ELEMENTS = 256;
/** What rounds to infinity: half way from the largest float16, 65504, to the next power of two. */
const LEAST_INFINITE = 65520;

/** Stores weights as float16 tensors, rounded to the nearest, and computes in float32. A tensor that layers share is stored once. */
export async function storeFloat16(
  model: Model,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
): Promise<void> {
  const stored = new Set<Value>();
  const works: Work[] = [];
  for (const layer of findLayers(model)) {
    const refused = filter(layer.node) ?? refuseLayer(layer) ?? refuseNarrow(layer);
    if (refused) {
      report.leftFloat(layer.node, refused, storedBytes(layer.views));
      continue;
    }
    const work = storageWork(layer, stored);
    announce(work, report);
    works.push(work);
  }
  await runWorks(works, options, report);
}

function refuseNarrow({ views }: Layer): string | undefined {
  if (views.every((view) => view.stored.length < LEAST_ELEMENTS)) return 'its weights are too small';
  const isWide = views.some(({ stored }) => floatData(stored).some((value) => Math.abs(value) >= LEAST_INFINITE));
  return isWide ? 'it has numbers beyond float16' : undefined;
}

function storageWork(layer: Layer, stored: Set<Value>): Work {
  return {
    layer,
    action: 'weight-only',
    reason: 'float16, float32 when the model is open',
    async prepare() {
      return () => layer.views.reduce((sum, { source }) => sum + narrow(source, stored), 0);
    },
  };
}

/** Bytes of what is stored anew, or stays. */
function narrow(source: Value, stored: Set<Value>): number {
  if (stored.has(source)) return 0;
  stored.add(source);
  const wide = source.initializer!;
  if (wide.length < LEAST_ELEMENTS) return wide.byteLength;
  const half = Tensor.fromNumbers('float16', wide.dims, floatData(wide));
  readBehindCast(source, half);
  return half.byteLength;
}
