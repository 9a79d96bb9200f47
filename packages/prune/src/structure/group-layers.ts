import { type Model, type Node, type Value, weightViews } from '@gossamer/graph';
import type { PruneGroup } from '../groups/prune-group.js';

/** The layers whose parameters make a group's units: those that read the weights, behind Casts, Transposes and DequantizeLinear too. */
export function groupLayers(model: Model): (group: PruneGroup) => Node[] {
  const readers = new Map<Value, Set<Node>>();
  for (const { source, node } of weightViews(model)) {
    const own = readers.get(source) ?? new Set<Node>();
    readers.set(source, own.add(node));
  }
  return ({ units }) => {
    const layers = new Set<Node>();
    for (const { value, role } of units[0]!.members) {
      if (role !== 'output') continue;
      for (const node of readers.get(value) ?? value.uses.map((use) => use.node)) layers.add(node);
    }
    return [...layers];
  };
}
