import type { Node } from '../ir/node.js';

/** True when `reader` alone reads the only result of `layer`, both in the same scope, and it is not an output. */
export function isOnlyReader(reader: Node, layer: Node): boolean {
  const [result, ...others] = layer.outputs;
  if (!result || result.isOutput || layer.graph !== reader.graph || others.some((value) => value)) return false;
  return result.uses.length === 1 && result.uses[0]!.node === reader;
}

/** Removes `reader`, whose only result `layer` makes from now on, under the same name. */
export function takeOver(layer: Node, reader: Node): void {
  const { graph } = layer;
  const result = reader.output;
  graph.detachOutput(result, result.name);
  graph.remove(reader);
  graph.setOutput(layer, 0, result);
}
