import type { Node } from '../ir/node.js';

/**
 * Removes a node whose output 0 equals input `index` (its other outputs unread): readers read the input. An output of the graph keeps its
 * name, which then goes to the node that makes the input. Returns false, and changes nothing, where that cannot be: the input is an
 * input, an initializer, another output or captured.
 */
export function bypass(node: Node, index = 0): boolean {
  const { graph } = node;
  const source = node.input(index);
  const result = node.outputs[0];
  if (!source || !result) return false;
  if (node.outputs.some((value, slot) => slot > 0 && value && (value.uses.length > 0 || value.isOutput))) return false;
  if (!result.isOutput) {
    graph.replaceUses(result, source);
    graph.remove(node);
    return true;
  }
  const { producer } = source;
  if (!producer || source.isOutput || source.graph !== graph) return false;
  const slot = producer.outputs.indexOf(source);
  graph.detachOutput(result, result.name);
  graph.replaceUses(source, result, (use) => use.node === node);
  graph.remove(node);
  graph.setOutput(producer, slot, result);
  return true;
}
