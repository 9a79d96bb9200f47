import { attribute, type WeightView } from '@gossamer/graph';
import type { MatMulNBits } from '@gossamer/kernels';
import { freshNodeName, nodeName } from '../node-name.js';
import type { ResolvedOptions } from '../resolve-options.js';
import type { PackedStore } from './packed-store.js';

/**
 * Puts com.microsoft::GatherBlockQuantized, on packed bytes, in the place of the Gather of an embedding table. Returns the bytes of the
 * new constants.
 *
 * Source: ONNX Runtime, docs/ContribOperators.md, com.microsoft.GatherBlockQuantized.
 */
export function rewriteGather(
  view: WeightView,
  packed: MatMulNBits,
  store: PackedStore,
  { bits, blockSize }: ResolvedOptions,
  isTied: boolean,
): number {
  const { node } = view;
  const { graph } = node;
  const { values, bytes } = store.forGather(view, packed, isTied);
  const output = node.output;
  graph.detachOutput(output, `${output.name}_float`);
  graph.add(
    {
      op: 'GatherBlockQuantized',
      domain: 'com.microsoft',
      name: freshNodeName(graph, `${nodeName(node)}_Q${bits}`),
      inputs: [values.codes, node.input(1), values.scales, ...(values.zeroPoints ? [values.zeroPoints] : [])],
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
  return bytes;
}
