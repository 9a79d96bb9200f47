import { attribute, Tensor, type Value, type WeightView } from '@gossamer/graph';
import { packInt4, quantizeBlocksAsync } from '@gossamer/kernels';
import { nodeName } from '../node-name.js';
import type { ResolvedOptions } from '../resolve-options.js';
import { weightData } from '../weights/float-data.js';
import { CLIP_SEARCH } from './block-weight.js';

/** Why an embedding cannot become GatherBlockQuantized; undefined when it can. */
export function refuseGather(view: WeightView): string | undefined {
  const { node } = view;
  if (node.int('axis', 0) !== 0) return 'it gathers along the columns';
  if (view.shape.length !== 2) return 'GatherBlockQuantized needs a table of rank 2';
  return undefined;
}

/** An embedding table in blocks along its rows. */
export interface BlockedTable {
  readonly codes: Tensor;
  readonly scales: Tensor;
  readonly zeroPoints: Tensor | undefined;
}

/** Quantizes a table [rows, columns] in blocks along the columns: 4 bits as int4 or uint4, 8 bits as uint8. */
export async function quantizeGather(view: WeightView, options: ResolvedOptions): Promise<BlockedTable> {
  const { bits, blockSize, mapping, clip } = options;
  const [n, k] = view.shape as [number, number];
  const isSigned = bits === 4 && mapping === 'symmetric';
  const result = await quantizeBlocksAsync(weightData(view), {
    ...{ n, k, bits, blockSize, mapping },
    layout: 'nk',
    dtype: isSigned ? 'int8' : 'uint8',
    range: 'restricted',
    ...(clip && { clip: CLIP_SEARCH }),
    ...(options.signal && { signal: options.signal }),
  });
  const dtype = bits === 8 ? 'uint8' : isSigned ? 'int4' : 'uint4';
  const asTensor = (codes: Int8Array | Uint8Array, dims: number[]) =>
    Tensor.of(dtype, dims, bits === 4 ? packInt4(codes) : codes);
  const dims = [n, result.kBlocks];
  return {
    codes: asTensor(result.codes, [n, k]),
    scales: Tensor.of('float32', dims, result.scales),
    zeroPoints: isSigned ? undefined : asTensor(result.zeroPoints, dims),
  };
}

/**
 * Puts com.microsoft::GatherBlockQuantized in the place of a Gather. Returns the bytes of the new constants.
 *
 * Source: ONNX Runtime, docs/ContribOperators.md, com.microsoft.GatherBlockQuantized.
 */
export function rewriteGather(view: WeightView, table: BlockedTable, options: ResolvedOptions): number {
  const { node, source } = view;
  const { graph } = node;
  const { bits, blockSize } = options;
  const store = (suffix: string, tensor: Tensor) => source.graph.addInitializer(`${source.name}_${suffix}`, tensor);
  const inputs: Value[] = [store('codes', table.codes), node.input(1)!, store('scales', table.scales)];
  if (table.zeroPoints) inputs.push(store('zero_points', table.zeroPoints));
  const output = node.output;
  graph.detachOutput(output, `${output.name}_float`);
  graph.add(
    {
      op: 'GatherBlockQuantized',
      domain: 'com.microsoft',
      name: graph.uniqueName(`${nodeName(node)}_Q${bits}`),
      inputs,
      outputs: [output],
      attributes: {
        gather_axis: attribute.int(0),
        quantize_axis: attribute.int(1),
        block_size: attribute.int(blockSize),
        ...(bits === 8 ? { bits: attribute.int(8) } : {}),
      },
    },
    { before: node },
  );
  graph.remove(node);
  return table.codes.byteLength + table.scales.byteLength + (table.zeroPoints?.byteLength ?? 0);
}
