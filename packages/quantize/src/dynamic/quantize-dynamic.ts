import type { LayerFilter, Model, WeightView } from '@gossamer/graph';
import { codesOn } from '../legality/codes-on.js';
import { findLayers, type Layer, refuseLayer, storedBytes, tiedSources } from '../layers.js';
import type { ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { planStorage } from '../storage.js';
import { CodeStore } from '../weights/code-store.js';
import { WeightReader } from '../weights/weight-reader.js';
import { announce, runWorks, type Work } from '../work.js';
import { quantizeLstm, refuseLstm, rewriteLstm } from './dynamic-lstm.js';
import { DynamicProducts } from './dynamic-product.js';

/** Kinds of operators with a dynamic integer kernel. */
export const DYNAMIC_KERNELS: ReadonlySet<string> = new Set(['Gemm', 'LSTM', 'MatMul']);

/** A product with fewer weights runs as fast in float. */
const LEAST_ELEMENTS = 256;

/** Quantizes weights, and at run time activations, of every layer that has a dynamic kernel; stores the others in 8 bits. */
export async function quantizeDynamic(
  model: Model,
  options: ResolvedOptions,
  filter: LayerFilter,
  report: ReportBuilder,
): Promise<void> {
  const store = new CodeStore();
  const reduceRange = options.reduceRange === true;
  const reader = new WeightReader(options.signal);
  const dtype = options.weights as 'int8' | 'uint8';
  const perAxis = options.granularity === 'perAxis';
  const layers = findLayers(model);
  const products = new DynamicProducts({ dtype, perAxis, reduceRange, reader }, store, tiedSources(layers));
  const context: Context = { products, store, reader, options, report };
  const works: Work[] = [];
  for (const layer of layers) {
    const refused = filter(layer.node) ?? refuseLayer(layer);
    if (refused) report.leftFloat(layer.node, refused, storedBytes(layer.views));
    else works.push(...planDynamic(layer, context));
  }
  await runWorks(works, options, report);
}

interface Context {
  readonly products: DynamicProducts;
  readonly store: CodeStore;
  readonly reader: WeightReader;
  readonly options: ResolvedOptions;
  readonly report: ReportBuilder;
}

function planDynamic(layer: Layer, context: Context): Work[] {
  const { node, views } = layer;
  if (!DYNAMIC_KERNELS.has(node.kind)) return planStorage(layer, floatReason(layer), context);
  if (node.op === 'LSTM') {
    const isLacking = !codesOn(context.options.target, 'LSTM', 'int8', 'dynamic');
    const refused = isLacking ? `${context.options.target} has no dynamic 8-bit LSTM` : refuseLstm(node, views);
    return refused ? planStorage(layer, refused, context) : [lstmWork(layer, context)];
  }
  const view = views.find(({ inputIndex }) => inputIndex === 1);
  const refused = refuseProduct(view);
  if (refused) return planStorage(layer, refused, context);
  return [productWork(layer, view!, context)];
}

function refuseProduct(view: WeightView | undefined): string | undefined {
  if (!view) return 'its weight is the left operand, for which there is no dynamic kernel';
  if (view.shape.length !== 2) return 'a stack of matrices has no dynamic kernel';
  if (view.stored.length < LEAST_ELEMENTS) return 'a product this small is no faster in integers';
  return undefined;
}

function floatReason({ node, views }: Layer): string {
  if (views[0]?.role === 'embedding') return 'an embedding multiplies nothing';
  if (node.op === 'Conv') return 'dynamic convolution is slower than float in ONNX Runtime';
  return `ONNX Runtime has no dynamic 8-bit ${node.kind}`;
}

function productWork(layer: Layer, view: WeightView, { products, report }: Context): Work {
  const work: Work = {
    layer,
    action: 'quantized',
    reason: 'integer product, its input quantized at run time',
    async prepare() {
      const weight = await products.quantize(view);
      return () => products.rewrite(view, weight);
    },
  };
  announce(work, report);
  return work;
}

function lstmWork(layer: Layer, { store, reader, options, report }: Context): Work {
  const work: Work = {
    layer,
    action: 'quantized',
    reason: 'DynamicQuantizeLSTM, its input and state quantized at run time',
    async prepare() {
      const weights = await quantizeLstm(layer.views, reader, options.reduceRange === true);
      return () => rewriteLstm(layer.views, weights, store);
    },
  };
  announce(work, report);
  return work;
}
