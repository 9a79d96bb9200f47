import type { Graph, Model } from '@gossamer/graph';

/** Removes what nothing reads any more, in every scope: nodes, then initializers that are not graph inputs. */
export function removeDeadCode(model: Model): void {
  for (const definition of [model.graph, ...model.functions.map(({ body }) => body)]) removeFrom(definition);
}

function removeFrom(graph: Graph): void {
  // Inner scopes first: what they no longer capture may be dead outside.
  const nodes = [...graph.nodes()].reverse();
  for (const node of nodes) {
    const isDead = node.outputs.every((value) => !value || (value.uses.length === 0 && !value.isOutput));
    if (isDead) graph.remove(node);
    else for (const subgraph of node.subgraphs()) removeFrom(subgraph);
  }
  for (const value of [...graph.initializers()]) {
    if (value.uses.length === 0 && !value.isOutput && !value.isInput) graph.removeValue(value);
  }
}
