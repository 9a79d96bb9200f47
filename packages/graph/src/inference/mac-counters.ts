import { addDims, type Dim, multiplyDims } from '../ir/dim.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { productOf, type Shape } from './dims.js';

type Shapes = (value: Value | undefined) => Shape | undefined;

/** Multiply-accumulates of a node, from the shapes of its values; undefined when one is not known. */
export type MacCounter = (node: Node, shapes: Shapes) => Dim;

const output = (node: Node, shapes: Shapes): Shape | undefined => shapes(node.outputs[0]);

/** One weight kernel (all of its dimensions but the first) an output element. */
const conv =
  (weight: number): MacCounter =>
  (node, shapes) => {
    const [out, kernel] = [output(node, shapes), shapes(node.inputs[weight])];
    return out && kernel && multiplyDims(productOf(out), productOf(kernel.slice(1)));
  };

/** One weight kernel (all of its dimensions but the first) an input element. */
const convTranspose: MacCounter = (node, shapes) => {
  const [data, kernel] = [shapes(node.inputs[0]), shapes(node.inputs[1])];
  return data && kernel && multiplyDims(productOf(data), productOf(kernel.slice(1)));
};

/** Output elements times the depth of the product. */
const product: MacCounter = (node, shapes) => {
  const [out, left] = [output(node, shapes), shapes(node.inputs[0])];
  return out && left && multiplyDims(productOf(out), left.at(-1));
};

const gemm: MacCounter = (node, shapes) => {
  const [out, left] = [output(node, shapes), shapes(node.inputs[0])];
  return out && left && multiplyDims(productOf(out), left[node.int('transA', 0) === 1 ? 0 : 1]);
};

/** FusedMatMul may transpose its operands, and a batch axis into the matrix. */
const fusedProduct: MacCounter = (node, shapes) => {
  const [out, left] = [output(node, shapes), shapes(node.inputs[0])];
  if (!out || !left) return undefined;
  const depth = node.int('transA', 0) === 0 ? left.at(-1) : node.int('transBatchA', 0) === 1 ? left[0] : left.at(-2);
  return multiplyDims(productOf(out), depth);
};

/** A product with a packed weight, which has its depth as an attribute. */
const packedProduct: MacCounter = (node, shapes) => {
  const out = output(node, shapes);
  return out && multiplyDims(productOf(out), node.int('K', 0));
};

/** Steps x batch x every weight of W and R (all directions). */
const recurrent: MacCounter = (node, shapes) => {
  const [data, input, recurrence] = [0, 1, 2].map((index) => shapes(node.inputs[index]));
  if (!data || !input || !recurrence) return undefined;
  return multiplyDims(multiplyDims(data[0], data[1]), addDims(productOf(input), productOf(recurrence)));
};

/** How to count the operators that multiply, by `Node.kind`. */
export const MAC_COUNTERS: Readonly<Record<string, MacCounter>> = {
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
  'com.microsoft::NhwcConv': conv(1),
  'com.microsoft::NhwcFusedConv': conv(1),
  'com.microsoft::QLinearConv': conv(3),
  'com.microsoft::FusedGemm': gemm,
  'com.microsoft::GemmFastGelu': product,
  'com.microsoft::QGemm': gemm,
  'com.microsoft::FusedMatMul': fusedProduct,
  'com.microsoft::MatMulIntegerToFloat': product,
  'com.microsoft::DynamicQuantizeMatMul': product,
  'com.microsoft::MatMulBnb4': packedProduct,
  'com.microsoft::MatMulNBits': packedProduct,
  'com.microsoft::DynamicQuantizeLSTM': recurrent,
};
