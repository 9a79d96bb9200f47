import { attribute, type Node, Tensor, type Value, type WeightView } from '@gossamer/graph';
import { quantizeMatMulNBitsAsync } from '@gossamer/kernels';
import { nodeName } from '../node-name.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { floatData, weightData } from '../weights/float-data.js';
import { blockOptions } from './block-weight.js';

/** Packed blocks of a weight. */
export interface PackedBlocks {
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  readonly zeroPoints: Uint8Array | null;
  readonly kBlocks: number;
}

/** Quantizes the weight of a MatMul or Gemm into the layout of MatMulNBits; may run ahead of `rewriteMatMulNBits`. */
export async function packBlocks(view: WeightView, options: ResolvedOptions): Promise<PackedBlocks> {
  const { bits, signal } = options;
  return quantizeMatMulNBitsAsync(weightData(view), {
    ...blockOptions(view, options),
    bits,
    ...(signal && { signal }),
  });
}

/**
 * Puts com.microsoft::MatMulNBits in the place of a MatMul, or of a Gemm with its bias. Returns the bytes of the new constants.
 *
 * Source: ONNX Runtime, docs/ContribOperators.md, com.microsoft.MatMulNBits.
 */
export function rewriteMatMulNBits(view: WeightView, packed: PackedBlocks, options: ResolvedOptions): number {
  const { node } = view;
  const { graph } = node;
  const { bits, blockSize, accuracyLevel } = options;
  const { n, k } = blockOptions(view, options);
  const name = view.source.name;
  const alpha = node.op === 'Gemm' ? node.float('alpha', 1) : 1;
  const scales = alpha === 1 ? packed.scales : packed.scales.map((scale) => scale * alpha);
  const blob = (blockSize * bits) / 8;
  const codes = Tensor.of('uint8', [n, packed.kBlocks, blob], packed.codes);
  const inputs: (Value | undefined)[] = [
    node.input(0),
    graph.addInitializer(`${name}_codes`, codes),
    graph.addInitializer(`${name}_scales`, Tensor.of('float32', [scales.length], scales)),
  ];
  let bytes = codes.byteLength + scales.byteLength;
  if (packed.zeroPoints) {
    const zeros = Tensor.of('uint8', [packed.zeroPoints.length], packed.zeroPoints);
    inputs.push(graph.addInitializer(`${name}_zero_points`, zeros));
    bytes += zeros.byteLength;
  }
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
      name: graph.uniqueName(`${nodeName(node)}_Q${bits}`),
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
  if (bias && !vector) addBias(node, product.output, bias, result);
  graph.remove(node);
  return bytes;
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

function addBias(node: Node, product: Value, bias: Value, result: Value): void {
  const { graph } = node;
  const position = { before: node };
  const beta = node.float('beta', 1);
  let term = bias;
  if (beta !== 1) {
    const factor = graph.addInitializer(`${nodeName(node)}_beta`, Tensor.scalar('float32', beta));
    term = graph.add({ op: 'Mul', inputs: [bias, factor], outputs: [`${bias.name}_beta`] }, position).output;
  }
  graph.add({ op: 'Add', inputs: [product, term], outputs: [result] }, position);
}
