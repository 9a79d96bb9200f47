import { addDims, bindDim, type Dim, multiplyDims } from '../ir/dim.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { productOf, type Shape } from './dims.js';
import type { TypeTable } from './type-table.js';

export interface LayerMacs {
  readonly op: string;
  /** Multiply-accumulates of one run of the layer, symbols kept; undefined when a shape is not known. */
  readonly symbolic: Dim;
  /** The same with unbound symbols taken as 1. */
  readonly macs: number | undefined;
}

export interface MacCount {
  /** Sum over all layers whose shapes are known, unbound symbols taken as 1; undefined when no layer's are. */
  readonly total: number | undefined;
  /** By layer id, in graph order. Bodies of If, Loop and Scan count once. */
  readonly perLayer: ReadonlyMap<string, LayerMacs>;
  /** Symbols that were taken as 1, sorted. */
  readonly assumedOne: readonly string[];
  /** Layers that do multiply but whose shapes are not known; they are missing from `total`. */
  readonly unknown: readonly string[];
}

type Shapes = (value: Value | undefined) => Shape | undefined;

/** Counts multiply-accumulates of convolutions, matrix products and recurrent layers, quantized forms included. */
export function countMacs(model: Model, types: TypeTable): MacCount {
  const shapes: Shapes = (value) => value && types.shapeOf(value);
  const perLayer = new Map<string, LayerMacs>();
  const symbols = new Set<string>();
  const unknown: string[] = [];
  let total: number | undefined;
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) {
      const count = COUNTERS[node.kind];
      if (!count) continue;
      const symbolic = count(node, shapes);
      const macs = withOnes(symbolic, symbols);
      if (macs === undefined) unknown.push(node.id);
      else total = (total ?? 0) + macs;
      perLayer.set(node.id, { op: node.kind, symbolic, macs });
    }
  }
  if (perLayer.size === 0) total = 0;
  return { total, perLayer, assumedOne: [...symbols].sort(), unknown };
}

/** The number an expression has with every symbol 1; undefined when it is not known. */
function withOnes(dim: Dim, symbols: Set<string>): number | undefined {
  if (dim === undefined || typeof dim === 'number') return dim;
  const ones = new Proxy<Record<string, number>>(
    {},
    {
      get: (_, name) => {
        symbols.add(String(name));
        return 1;
      },
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: 1 }),
    },
  );
  const bound = bindDim(dim, ones);
  return typeof bound === 'number' ? bound : undefined;
}

type Counter = (node: Node, shapes: Shapes) => Dim;

const output = (node: Node, shapes: Shapes): Shape | undefined => shapes(node.outputs[0]);

/** One weight kernel (all of its dimensions but the first) an output element. */
const conv =
  (weight: number): Counter =>
  (node, shapes) => {
    const [out, kernel] = [output(node, shapes), shapes(node.inputs[weight])];
    return out && kernel && multiplyDims(productOf(out), productOf(kernel.slice(1)));
  };

/** One weight kernel (all of its dimensions but the first) an input element. */
const convTranspose: Counter = (node, shapes) => {
  const [data, kernel] = [shapes(node.inputs[0]), shapes(node.inputs[1])];
  return data && kernel && multiplyDims(productOf(data), productOf(kernel.slice(1)));
};

/** Output elements times the depth of the product. */
const product: Counter = (node, shapes) => {
  const [out, left] = [output(node, shapes), shapes(node.inputs[0])];
  return out && left && multiplyDims(productOf(out), left.at(-1));
};

const gemm: Counter = (node, shapes) => {
  const [out, left] = [output(node, shapes), shapes(node.inputs[0])];
  return out && left && multiplyDims(productOf(out), left[node.int('transA', 0) === 1 ? 0 : 1]);
};

const packed: Counter = (node, shapes) => {
  const out = output(node, shapes);
  return out && multiplyDims(productOf(out), node.int('K', 0));
};

/** Steps x batch x every weight of W and R (all directions). */
const recurrent: Counter = (node, shapes) => {
  const [data, input, recurrence] = [0, 1, 2].map((index) => shapes(node.inputs[index]));
  if (!data || !input || !recurrence) return undefined;
  return multiplyDims(multiplyDims(data[0], data[1]), addDims(productOf(input), productOf(recurrence)));
};

const COUNTERS: Readonly<Record<string, Counter>> = {
  Conv: conv(1),
  ConvInteger: conv(1),
  QLinearConv: conv(3),
  ConvTranspose: convTranspose,
  Gemm: gemm,
  MatMul: product,
  MatMulInteger: product,
  QLinearMatMul: product,
  RNN: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
  'com.microsoft::FusedConv': conv(1),
  'com.microsoft::NhwcFusedConv': conv(1),
  'com.microsoft::QLinearConv': conv(3),
  'com.microsoft::FusedGemm': gemm,
  'com.microsoft::QGemm': gemm,
  'com.microsoft::FusedMatMul': fusedProduct,
  'com.microsoft::MatMulIntegerToFloat': product,
  'com.microsoft::DynamicQuantizeMatMul': product,
  'com.microsoft::MatMulNBits': packed,
  'com.microsoft::DynamicQuantizeLSTM': recurrent,
};

function fusedProduct(node: Node, shapes: Shapes): Dim {
  const [out, left] = [output(node, shapes), shapes(node.inputs[0])];
  if (!out || !left) return undefined;
  const depth = node.int('transA', 0) === 0 ? left.at(-1) : node.int('transBatchA', 0) === 1 ? left[0] : left.at(-2);
  return multiplyDims(productOf(out), depth);
}
