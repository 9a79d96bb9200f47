import { attribute, Tensor, type Value, type WeightView } from '@gossamer/graph';
import { packInt4, quantizeBlocksAsync } from '@gossamer/kernels';
import { freshNodeName, nodeName } from '../node-name.js';
import type { ResolvedOptions } from '../resolve-options.js';
import type { WeightReader } from '../weights/weight-reader.js';
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

/** Puts a blocked DequantizeLinear before the product; a Gemm reads its weight untransposed from now on. Returns bytes. */
export function rewriteBlocked(view: WeightView, weight: BlockedWeight, options: ResolvedOptions): number {
  const { node } = view;
  const { graph } = node;
  const name = view.source.name;
  const inputs: Value[] = [
    graph.addInitializer(`${name}_quantized`, weight.codes),
    graph.addInitializer(`${name}_scale`, weight.scales),
  ];
  if (weight.zeroPoints) inputs.push(graph.addInitializer(`${name}_zero_point`, weight.zeroPoints));
  const { output } = graph.add(
    {
      op: 'DequantizeLinear',
      name: freshNodeName(graph, `${nodeName(node)}_DequantizeLinear`),
      inputs,
      outputs: [`${name}_dequantized`],
      attributes: { axis: attribute.int(0), block_size: attribute.int(options.blockSize) },
    },
    { before: node },
  );
  graph.setInput(node, 1, output);
  if (node.op === 'Gemm') graph.setAttribute(node, 'transB', undefined);
  return weight.codes.byteLength + weight.scales.byteLength + (weight.zeroPoints?.byteLength ?? 0);
}

function transposeFloat(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  return out;
}
