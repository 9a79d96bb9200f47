import type { Node, WeightView } from '@gossamer/graph';

/** Removes a weight that nothing reads any more, and the nodes that led from it to its layers. */
export function removeWeight(views: readonly [WeightView, ...WeightView[]]): void {
  const removed = new Set<Node>();
  for (const { chain } of views) {
    for (const node of chain.toReversed()) {
      const isDead = node.outputs.every((value) => !value || (value.uses.length === 0 && !value.isOutput));
      if (removed.has(node) || !isDead) continue;
      node.graph.remove(node);
      removed.add(node);
    }
  }
  const { source } = views[0];
  if (source.uses.length > 0 || source.isOutput || source.isInput) return;
  if (source.producer) source.graph.remove(source.producer);
  else source.graph.removeValue(source);
}
