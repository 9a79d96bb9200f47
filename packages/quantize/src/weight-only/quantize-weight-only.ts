import type { LayerFilter, Model, Value, WeightView } from '@gossamer/graph';
import { findLayers, type Layer, refuseLayer, storedBytes, tiedSources } from '../layers.js';
import type { ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { planStorage } from '../storage.js';
import { CodeStore } from '../weights/code-store.js';
import { WeightReader } from '../weights/weight-reader.js';
import { announce, runWorks, type Work } from '../work.js';
import { refuseBlocks, refuseGather } from './block-weight.js';
import { quantizeBlocked, rewriteBlocked } from './blocked-dequantize.js';
import { rewriteGather } from './gather-blocks.js';
import { makesOutput } from './makes-output.js';
import { rewriteMatMulNBits } from './matmul-nbits.js';
import { PackedStore } from './packed-store.js';

/** Kinds of operators whose weights are stored in blocks, with a kernel that reads them so. */
export const BLOCK_KERNELS: ReadonlySet<string> = new Set(['Gather', 'Gemm', 'MatMul']);

/** Stores weights as codes: products and embeddings in blocks where `granularity` is perBlock, everything else int8 a channel. */
export async function quantizeWeightOnly(
  model: Model,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
): Promise<void> {
  const works: Work[] = [];
  const layers = findLayers(model);
  const edge: ResolvedOptions =
    options.edgeBits === options.bits
      ? options
      : { ...options, bits: 8, weights: options.mapping === 'symmetric' ? 'int8' : 'uint8' };
  const reader = new WeightReader(options.signal);
  const inner = schemeOf(options, reader);
  const context: Context = {
    options,
    report,
    reader,
    store: new CodeStore(),
    tied: tiedSources(layers),
    inner,
    // One store where the bits are the same: a weight may be read by both.
    edge: edge === options ? inner : schemeOf(edge, reader),
  };
  for (const layer of layers) {
    const refused = filter(layer.node) ?? refuseLayer(layer);
    if (refused) report.leftFloat(layer.node, refused, storedBytes(layer.views));
    else works.push(...planWeightOnly(layer, context));
  }
  await runWorks(works, options, report);
}

/** How blocks are made: `options` with the bits that apply, and where packed weights are kept. */
interface Scheme {
  readonly options: ResolvedOptions;
  readonly packed: PackedStore;
}

function schemeOf(options: ResolvedOptions, reader: WeightReader): Scheme {
  return { options, packed: new PackedStore(options, reader) };
}

interface Context {
  readonly options: ResolvedOptions;
  readonly report: ReportBuilder;
  readonly store: CodeStore;
  readonly reader: WeightReader;
  readonly tied: ReadonlySet<Value>;
  readonly inner: Scheme;
  /** Of embeddings and of products that make the model's outputs. */
  readonly edge: Scheme;
}

function planWeightOnly(layer: Layer, context: Context): Work[] {
  if (context.options.granularity !== 'perBlock') return planStorage(layer, 'weight-only per channel', context);
  const { node, views } = layer;
  const view = views[0]!;
  if (!BLOCK_KERNELS.has(node.kind)) return planStorage(layer, `${node.kind} has no blocked kernel`, context);
  if (node.op !== 'Gather') {
    const refused = refuseBlocks(view);
    if (refused) return planStorage(layer, refused, context);
    const isEdge = makesOutput(node.output) || context.tied.has(view.source);
    return planProduct(layer, view, isEdge ? context.edge : context.inner, context);
  }
  const { options } = context.edge;
  const refused = refuseGather(view, options);
  if (refused) return planStorage(layer, refused, context);
  return planEmbedding(layer, view, context);
}

function planProduct(layer: Layer, view: WeightView, scheme: Scheme, { report, reader }: Context): Work[] {
  const { options, packed } = scheme;
  const { bits, blockSize, blockFormat } = options;
  if (blockFormat === 'dequantize-linear') {
    return plan(report, layer, `${bits}-bit blocks of ${blockSize}, DequantizeLinear`, async () => {
      const weight = await quantizeBlocked(view, options, reader);
      return () => rewriteBlocked(view, weight, options);
    });
  }
  return plan(report, layer, `${bits}-bit blocks of ${blockSize}, MatMulNBits`, async () => {
    const weight = await packed.pack(view);
    return () => rewriteMatMulNBits(view, weight, packed, options);
  });
}

function planEmbedding(layer: Layer, view: WeightView, { edge, report, tied }: Context): Work[] {
  const { options, packed } = edge;
  const { bits, blockSize } = options;
  return plan(report, layer, `${bits}-bit blocks of ${blockSize}, GatherBlockQuantized`, async () => {
    const weight = await packed.pack(view);
    return () => rewriteGather(view, weight, packed, options, tied.has(view.source));
  });
}

function plan(report: ReportBuilder, layer: Layer, reason: string, prepare: Work['prepare']): Work[] {
  const work: Work = { layer, action: 'weight-only', reason, prepare };
  announce(work, report);
  return [work];
}
