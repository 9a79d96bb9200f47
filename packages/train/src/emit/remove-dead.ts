import type { Graph, Node } from '@gossamer/graph';

/** Removes nodes that nothing reads, and constants that nothing reads. Inputs stay. */
export function removeDead(graph: Graph): void {
  const nodes: Node[] = [...graph.nodes()].reverse();
  for (const node of nodes) {
    if (node.outputs.every((value) => !value || (value.uses.length === 0 && !value.isOutput))) graph.remove(node);
  }
  for (const value of [...graph.initializers()]) {
    if (value.uses.length === 0 && !value.isInput && !value.isOutput) graph.removeValue(value);
  }
}
