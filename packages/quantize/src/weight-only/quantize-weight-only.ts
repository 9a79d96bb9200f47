import type { Model } from '@gossamer/graph';
import type { LayerFilter } from '../layer-selection.js';
import { findLayers, type Layer, refuseViews, storedBytes } from '../layers.js';
import type { ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { planStorage } from '../storage.js';
import { announce, runWorks, type Work } from '../work.js';
import { refuseBlocks } from './block-weight.js';
import { quantizeBlocked, rewriteBlocked } from './blocked-dequantize.js';
import { refuseGather, quantizeGather, rewriteGather } from './gather-blocks.js';
import { packBlocks, rewriteMatMulNBits } from './matmul-nbits.js';

/** Stores weights as codes: products and embeddings in blocks where `granularity` is perBlock, everything else int8 a channel. */
export async function quantizeWeightOnly(
  model: Model,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
): Promise<void> {
  const works: Work[] = [];
  for (const layer of findLayers(model)) {
    const refused = filter(layer.node) ?? refuseViews(layer.views);
    if (refused) report.leftFloat(layer.node, refused, storedBytes(layer.views));
    else works.push(...planWeightOnly(layer, options, report));
  }
  await runWorks(works, options, report);
}

function planWeightOnly(layer: Layer, options: ResolvedOptions, report: ReportBuilder): Work[] {
  if (options.granularity !== 'perBlock') return planStorage(layer, 'weight-only per channel', options, report);
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
    if (refused) return planStorage(layer, refused, options, report);
    if (options.blockFormat === 'dequantize-linear') {
      return work(`${bits}-bit blocks of ${blockSize}, DequantizeLinear`, async () => {
        const weight = await quantizeBlocked(view!, options);
        return () => rewriteBlocked(view!, weight, options);
      });
    }
    return work(`${bits}-bit blocks of ${blockSize}, MatMulNBits`, async () => {
      const packed = await packBlocks(view!, options);
      return () => rewriteMatMulNBits(view!, packed, options);
    });
  }
  if (view!.role === 'embedding') {
    const refused = refuseGather(view!);
    if (refused) return planStorage(layer, refused, options, report);
    return work(`${bits}-bit blocks of ${blockSize}, GatherBlockQuantized`, async () => {
      const table = await quantizeGather(view!, options);
      return () => rewriteGather(view!, table, options);
    });
  }
  return planStorage(layer, `${node.kind} has no blocked kernel`, options, report);
}
