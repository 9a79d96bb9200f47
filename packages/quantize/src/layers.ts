import {
  type DType,
  dtypeFromCode,
  type Model,
  type Node,
  type Value,
  type WeightView,
  weightsOf,
} from '@gossamer/graph';
import { narrowForm } from '@gossamer/graph/passes';
import { isStoredWeight } from './weights/quantized-already.js';

/** A node with weights, wherever it lies. */
export interface Layer {
  readonly node: Node;
  readonly views: readonly WeightView[];
}

/** Operators that would have a weight if it were constant: reported even without one. */
const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LSTM', 'GRU', 'RNN']);

/** Every layer of the main graph and its subgraphs, in graph order. Function bodies hold no initializers and are left out. */
export function findLayers(model: Model): Layer[] {
  const layers: Layer[] = [];
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) {
      const views = weightsOf(node);
      if (views.length > 0 || (node.domain === '' && PRODUCTS.has(node.op))) layers.push({ node, views });
    }
  }
  return layers;
}

/** Bytes of the stored weights of a layer, as the input has them. */
export function storedBytes(views: readonly WeightView[]): number {
  return views.reduce((sum, { stored }) => sum + (narrowForm(stored) ?? stored).byteLength, 0);
}

/** What keeps a layer's weights from being touched at all; undefined when nothing does. */
export function refuseLayer({ node, views }: Layer): string | undefined {
  const isCoded = (value: Value | undefined) => value?.producer !== undefined && isStoredWeight(value.producer);
  if (views.some((view) => view.isQuantized) || node.inputs.some(isCoded)) return 'its weight is quantized already';
  if (views.length === 0) return 'it multiplies activations: no constant weight';
  const bad = views.map(weightDtype).find((dtype) => dtype !== 'float32');
  return bad ? `it computes ${bad}, its kernels on codes float32` : undefined;
}

/** The element type in which the node sees the weight. */
function weightDtype({ stored, chain }: WeightView): DType {
  const cast = chain.findLast(({ op }) => op === 'Cast');
  return (cast && dtypeFromCode(cast.int('to', 0))) ?? stored.dtype;
}

/** Stored tensors that an embedding and a product both read: they stay one. */
export function tiedSources(layers: readonly Layer[]): Set<Value> {
  const embeddings = new Set<Value>();
  const others = new Set<Value>();
  for (const { views } of layers) {
    for (const { role, source } of views) (role === 'embedding' ? embeddings : others).add(source);
  }
  return new Set([...embeddings].filter((source) => others.has(source)));
}

/** The axis of the stored matrix whose scales `view` shares with a tied reader: rows of an embedding, output features of a product. */
export function storedScaleAxis(view: WeightView): number {
  const axis = view.role === 'embedding' ? 0 : view.outAxis;
  const isSwapped = view.chain.filter(({ op }) => op === 'Transpose').length % 2 === 1;
  return isSwapped ? 1 - axis : axis;
}
