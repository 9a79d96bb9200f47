import { attribute, type Node, Tensor, type Value, type WeightView } from '@gossamer/graph';
import type { MatMulNBits } from '@gossamer/kernels';
import { freshNodeName, nodeName } from '../node-name.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { floatData } from '../weights/float-data.js';
import { scaleTensor } from '../weights/scale-tensor.js';
import { addBias } from './add-bias.js';
import { blockOptions } from './block-weight.js';
import type { PackedStore, PackedValues } from './packed-store.js';

/** The sizes and the arithmetic of a MatMulNBits. */
export interface ProductSizes {
  readonly n: number;
  readonly k: number;
  readonly bits: number;
  readonly blockSize: number;
  readonly accuracyLevel: number;
}

/** Puts MatMulNBits on blocks that `store` keeps in the place of a MatMul or Gemm. Returns the bytes of the new constants. */
export function rewriteMatMulNBits(
  view: WeightView,
  packed: MatMulNBits,
  store: PackedStore,
  options: ResolvedOptions,
): number {
  const { values, bytes } = store.forProduct(view, packed);
  emitMatMulNBits(view.node, values, { ...options, ...blockOptions(view, options) });
  return bytes;
}

/**
 * Puts com.microsoft::MatMulNBits in the place of a MatMul, or of a Gemm with its bias.
 *
 * Source: ONNX Runtime, docs/ContribOperators.md, com.microsoft.MatMulNBits.
 */
export function emitMatMulNBits(node: Node, values: PackedValues, sizes: ProductSizes): void {
  const { graph } = node;
  const { n, k, bits, blockSize, accuracyLevel } = sizes;
  const scales = scaledBy(node, values.scales);
  const inputs: (Value | undefined)[] = [node.input(0), values.codes, scales];
  if (values.zeroPoints) inputs.push(values.zeroPoints);
  const bias = node.op === 'Gemm' ? node.input(2) : undefined;
  const vector = bias && biasInput(node, bias, n);
  if (vector) {
    while (inputs.length < 5) inputs.push(undefined);
    inputs.push(vector);
  }
  const result = node.output;
  graph.detachOutput(result, `${result.name}_float`);
  const product = graph.add(
    {
      op: 'MatMulNBits',
      domain: 'com.microsoft',
      name: freshNodeName(graph, `${nodeName(node)}_Q${bits}`),
      inputs,
      outputs: [bias && !vector ? `${result.name}_product` : result],
      attributes: {
        K: attribute.int(k),
        N: attribute.int(n),
        bits: attribute.int(bits),
        block_size: attribute.int(blockSize),
        accuracy_level: attribute.int(accuracyLevel),
      },
    },
    { before: node },
  );
  if (bias && !vector) addBias(node, product.output, result, 'Add');
  graph.remove(node);
}

/** The scales times the alpha of a Gemm. */
export function scaledBy(node: Node, scales: Value): Value {
  const alpha = node.op === 'Gemm' ? node.float('alpha', 1) : 1;
  if (alpha === 1) return scales;
  return scales.graph.addInitializer(`${scales.name}_alpha`, scaleTensor(scales.constant!, alpha));
}

/** Gemm's C as the bias input (a constant vector of N, times beta); undefined when it must be added behind. */
function biasInput(node: Node, bias: Value, n: number): Value | undefined {
  const { constant } = bias;
  if (!constant || constant.length !== n || constant.dims.at(-1) !== n) return undefined;
  const beta = node.float('beta', 1);
  if (beta === 1 && constant.dims.length === 1) return bias;
  const data = floatData(constant).map((x) => x * beta);
  return node.graph.addInitializer(`${bias.name}_vector`, Tensor.of('float32', [n], data));
}
