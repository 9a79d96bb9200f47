import { attribute, type Node, Tensor, type Value } from '@gossamer/graph';
import type { MatMulBnb4 } from '../forms/pack-matmul-bnb4.js';
import { freshNodeName, nodeName } from '../node-name.js';
import { addBias } from './add-bias.js';
import { scaledBy } from './matmul-nbits.js';
import type { PackedValues } from './packed-store.js';

/** Values of quant_type. */
const QUANT_TYPES = { fp4: 0, nf4: 1 } as const;

/** The sizes of a MatMulBnb4, [.., k] x [k, n], and the table of its codes. */
export interface Bnb4Sizes {
  readonly n: number;
  readonly k: number;
  readonly blockSize: number;
  readonly table: keyof typeof QUANT_TYPES;
}

/** The packed weight as initializers beside what it was made of. */
export function storeBnb4(source: Value, { codes, scales }: MatMulBnb4): { values: PackedValues; bytes: number } {
  const add = (suffix: string, tensor: Tensor) => source.graph.addInitializer(`${source.name}_${suffix}`, tensor);
  const values = {
    codes: add('codes', Tensor.of('uint8', [codes.length], codes)),
    scales: add('absmax', Tensor.of('float32', [scales.length], scales)),
    zeroPoints: undefined,
  };
  return { values, bytes: codes.byteLength + scales.byteLength };
}

/**
 * Puts com.microsoft::MatMulBnb4 in the place of a MatMul, or of a Gemm and an Add of its bias. ONNX Runtime makes floats of the weight on every call: memory stays that of
 * the codes.
 *
 * Source: ONNX Runtime, docs/ContribOperators.md, com.microsoft.MatMulBnb4.
 */
export function emitMatMulBnb4(node: Node, values: PackedValues, { n, k, blockSize, table }: Bnb4Sizes): void {
  const { graph } = node;
  const bias = node.op === 'Gemm' ? node.input(2) : undefined;
  const result = node.output;
  graph.detachOutput(result, `${result.name}_float`);
  const product = graph.add(
    {
      op: 'MatMulBnb4',
      domain: 'com.microsoft',
      name: freshNodeName(graph, `${nodeName(node)}_${table}`),
      inputs: [node.input(0), values.codes, scaledBy(node, values.scales)],
      outputs: [bias ? `${result.name}_product` : result],
      attributes: {
        K: attribute.int(k),
        N: attribute.int(n),
        block_size: attribute.int(blockSize),
        quant_type: attribute.int(QUANT_TYPES[table]),
      },
    },
    { before: node },
  );
  if (bias) addBias(node, product.output, result, 'Add');
  graph.remove(node);
}
