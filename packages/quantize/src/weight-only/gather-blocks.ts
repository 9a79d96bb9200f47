import { attribute, type Node, type WeightView } from '@gossamer/graph';
import type { MatMulNBits } from '@gossamer/kernels';
import { freshNodeName, nodeName } from '../node-name.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { packedRows, type PackedStore, type PackedValues } from './packed-store.js';

/** Puts GatherBlockQuantized on blocks that `store` keeps in the place of the Gather of an embedding table. Returns the bytes of the new constants. */
export function rewriteGather(
  view: WeightView,
  packed: MatMulNBits,
  store: PackedStore,
  options: ResolvedOptions,
  isTied: boolean,
): number {
  const { values, bytes } = store.forProduct(view, packed);
  emitGather(view.node, values, { n: view.shape[0]!, ...options, isTied });
  return bytes;
}

/** The table, and whether a product reads its blocks too. */
export interface GatherSizes {
  readonly n: number;
  readonly bits: number;
  readonly blockSize: number;
  readonly isTied: boolean;
}

/**
 * Puts com.microsoft::GatherBlockQuantized, on packed bytes in the order of MatMulNBits, in the place of the Gather of an embedding table [n, ...].
 *
 * Source: ONNX Runtime, docs/ContribOperators.md, com.microsoft.GatherBlockQuantized.
 */
export function emitGather(node: Node, values: PackedValues, { n, bits, blockSize, isTied }: GatherSizes): void {
  const { graph } = node;
  const { codes, scales, zeroPoints } = packedRows(values, n, node, isTied);
  const output = node.output;
  graph.detachOutput(output, `${output.name}_float`);
  graph.add(
    {
      op: 'GatherBlockQuantized',
      domain: 'com.microsoft',
      name: freshNodeName(graph, `${nodeName(node)}_Q${bits}`),
      inputs: [codes, node.input(1), scales, ...(zeroPoints ? [zeroPoints] : [])],
      outputs: [output],
      attributes: {
        gather_axis: attribute.int(0),
        quantize_axis: attribute.int(1),
        block_size: attribute.int(blockSize),
        bits: attribute.int(bits),
      },
    },
    { before: node },
  );
  graph.remove(node);
}
