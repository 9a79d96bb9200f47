import { attribute, type Value, type WeightView } from '@gossamer/graph';
import { freshNodeName, nodeName } from '../node-name.js';
import { broadcastScale, type CodeStore } from './code-store.js';
import type { QuantizedWeight } from './quantize-channels.js';

const FLOAT32 = 1;

/**
 * Stores an embedding table as int8 codes with one scale a row. Codes and scales are gathered, then multiplied, so the table stays
 * 8-bit in memory as well. Returns the bytes of the new constants.
 */
export function rewriteEmbedding(view: WeightView, weight: QuantizedWeight, store: CodeStore): number {
  const { node } = view;
  const { graph } = node;
  const { values, bytes } = store.addStored(
    view.source,
    { ...weight, scale: broadcastScale(weight, view.shape) },
    'rows',
  );
  const result = node.output;
  graph.detachOutput(result, `${result.name}_float`);
  const position = { before: node };
  const gather = (table: Value, suffix: string) =>
    graph.add(
      {
        op: 'Gather',
        name: freshNodeName(graph, `${nodeName(node)}_${suffix}`),
        inputs: [table, node.input(1)],
        outputs: [`${result.name}_${suffix}`],
        attributes: { axis: attribute.int(0) },
      },
      position,
    ).output;
  const rows = gather(values.codes, 'quantized');
  const factors = gather(values.scale, 'scale');
  const floats = graph.add(
    { op: 'Cast', inputs: [rows], outputs: [`${result.name}_cast`], attributes: { to: attribute.int(FLOAT32) } },
    position,
  ).output;
  graph.add(
    { op: 'Mul', name: freshNodeName(graph, `${nodeName(node)}_Mul`), inputs: [floats, factors], outputs: [result] },
    position,
  );
  graph.remove(node);
  return bytes;
}
