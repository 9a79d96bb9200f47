import type { Model, Value } from '@gossamer/graph';
import type { LayerFilter } from '../layer-selection.js';
import { findLayers, type Layer, refuseViews, storedBytes, tiedSources } from '../layers.js';
import type { ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { planStorage } from '../storage.js';
import { CodeStore } from '../weights/code-store.js';
import { announce, runWorks, type Work } from '../work.js';
import { refuseBlocks, refuseGather } from './block-weight.js';
import { quantizeBlocked, rewriteBlocked } from './blocked-dequantize.js';
import { rewriteGather } from './gather-blocks.js';
import { rewriteMatMulNBits } from './matmul-nbits.js';
import { PackedStore } from './packed-store.js';

/** Stores weights as codes: products and embeddings in blocks where `granularity` is perBlock, everything else int8 a channel. */
export async function quantizeWeightOnly(
  model: Model,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
): Promise<void> {
  const works: Work[] = [];
  const layers = findLayers(model);
  const context: Context = {
    options,
    report,
    blocks: new PackedStore(options),
    store: new CodeStore(),
    tied: tiedSources(layers),
  };
  for (const layer of layers) {
    const refused = filter(layer.node) ?? refuseViews(layer.views);
    if (refused) report.leftFloat(layer.node, refused, storedBytes(layer.views));
    else works.push(...planWeightOnly(layer, context));
  }
  await runWorks(works, options, report);
}

interface Context {
  readonly options: ResolvedOptions;
  readonly report: ReportBuilder;
  readonly blocks: PackedStore;
  readonly store: CodeStore;
  readonly tied: ReadonlySet<Value>;
}

function planWeightOnly(layer: Layer, context: Context): Work[] {
  const { options, report, blocks, tied } = context;
  if (options.granularity !== 'perBlock') return planStorage(layer, 'weight-only per channel', context);
  const { node, views } = layer;
  const [view] = views;
  const work = (reason: string, prepare: Work['prepare']): Work[] => {
    const made: Work = { layer, action: 'weight-only', reason, prepare };
    announce(made, report);
    return [made];
  };
  const { bits, blockSize } = options;
  if (node.isStandard('MatMul') || node.isStandard('Gemm')) {
    const refused = refuseBlocks(view!);
    if (refused) return planStorage(layer, refused, context);
    if (options.blockFormat === 'dequantize-linear') {
      return work(`${bits}-bit blocks of ${blockSize}, DequantizeLinear`, async () => {
        const weight = await quantizeBlocked(view!, options);
        return () => rewriteBlocked(view!, weight, options);
      });
    }
    return work(`${bits}-bit blocks of ${blockSize}, MatMulNBits`, async () => {
      const packed = await blocks.pack(view!);
      return () => rewriteMatMulNBits(view!, packed, blocks, options);
    });
  }
  if (view!.role === 'embedding') {
    const refused = refuseGather(view!, options);
    if (refused) return planStorage(layer, refused, context);
    return work(`${bits}-bit blocks of ${blockSize}, GatherBlockQuantized`, async () => {
      const packed = await blocks.pack(view!);
      return () => rewriteGather(view!, packed, blocks, options, tied.has(view!.source));
    });
  }
  return planStorage(layer, `${node.kind} has no blocked kernel`, context);
}
