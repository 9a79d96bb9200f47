import { attribute, type Node, Tensor, type Value, type WeightView } from '@gossamer/graph';
import { packInt4, quantizeBlocksAsync } from '@gossamer/kernels';
import { freshNodeName, nodeName } from '../node-name.js';
import type { ResolvedOptions } from '../resolved-options.js';
import type { WeightReader } from '../weights/weight-reader.js';
import { scaleTensor } from '../weights/scale-tensor.js';
import { addBias } from './add-bias.js';
import { blockOptions } from './block-weight.js';

/** Codes of a weight in ONNX blocked order: [K, N] with scales [K / blockSize, N]. */
export interface BlockedWeight {
  readonly codes: Tensor;
  readonly scales: Tensor;
  readonly zeroPoints: Tensor | undefined;
}

/**
 * Quantizes the weight of a MatMul or Gemm into [K, N] codes with blocks along K, the one orientation in which ONNX Runtime turns
 * DequantizeLinear + MatMul into MatMulNBits when it opens the model.
 */
export async function quantizeBlocked(
  view: WeightView,
  options: ResolvedOptions,
  reader: WeightReader,
): Promise<BlockedWeight> {
  const { weights, bits } = options;
  const given = blockOptions(view, options);
  const isSigned = weights.startsWith('i');
  const result = await reader.use(view, async (data) =>
    quantizeBlocksAsync(given.layout === 'kn' ? data : transposeFloat(data, given.n, given.k), {
      ...given,
      layout: 'kn',
      bits,
      dtype: isSigned ? 'int8' : 'uint8',
      range: 'restricted',
      ...(options.signal && { signal: options.signal }),
    }),
  );
  const scaleDims = [result.kBlocks, given.n];
  const asTensor = (codes: Int8Array | Uint8Array, dims: number[]) =>
    Tensor.of(weights, dims, bits === 4 ? packInt4(codes) : codes);
  const isSymmetric = options.mapping === 'symmetric' && isSigned;
  return {
    codes: asTensor(result.codes, [given.k, given.n]),
    scales: Tensor.of('float32', scaleDims, result.scales),
    zeroPoints: isSymmetric ? undefined : asTensor(result.zeroPoints, scaleDims),
  };
}

/**
 * Puts MatMul with a blocked DequantizeLinear in the place of the product. Returns the bytes of the new constants: each product has its
 * own, since ONNX Runtime makes no MatMulNBits of codes that two nodes read.
 */
export function rewriteBlocked(view: WeightView, weight: BlockedWeight, options: ResolvedOptions): number {
  const { codes, scales, zeroPoints } = weight;
  const tensors = zeroPoints ? [codes, scales, zeroPoints] : [codes, scales];
  const suffixes = ['quantized', 'scale', 'zero_point'];
  const { graph } = view.node;
  const values = tensors.map((tensor, i) => graph.addInitializer(`${view.source.name}_${suffixes[i]}`, tensor));
  rewriteProduct(view, values, options.blockSize);
  return tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** A Gemm becomes MatMul and Sum: ONNX Runtime gives the two no codes where Relu is behind a Gemm. */
function rewriteProduct({ node, source }: WeightView, values: readonly Value[], blockSize: number): void {
  const { graph } = node;
  const position = { before: node };
  const weight = graph.add(
    {
      op: 'DequantizeLinear',
      name: freshNodeName(graph, `${nodeName(node)}_DequantizeLinear`),
      inputs: scaledInputs(node, values),
      outputs: [`${source.name}_dequantized`],
      attributes: { axis: attribute.int(0), block_size: attribute.int(blockSize) },
    },
    position,
  ).output;
  if (node.op !== 'Gemm') return graph.setInput(node, 1, weight);
  const result = node.output;
  graph.detachOutput(result, `${result.name}_float`);
  const hasBias = node.input(2) !== undefined;
  const product = graph.add(
    {
      op: 'MatMul',
      name: freshNodeName(graph, `${nodeName(node)}_MatMul`),
      inputs: [node.input(0), weight],
      outputs: [hasBias ? `${result.name}_product` : result],
    },
    position,
  );
  if (hasBias) addBias(node, product.output, result, 'Sum');
  graph.remove(node);
}

/** Codes, scales and zero points; the scales times Gemm's alpha. */
function scaledInputs(node: Node, [codes, scales, ...rest]: readonly Value[]): Value[] {
  const alpha = node.op === 'Gemm' ? node.float('alpha', 1) : 1;
  if (alpha === 1) return [codes!, scales!, ...rest];
  const scaled = scaleTensor(scales!.constant!, alpha);
  return [codes!, scales!.graph.addInitializer(`${scales!.name}_alpha`, scaled), ...rest];
}

function transposeFloat(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  return out;
}
