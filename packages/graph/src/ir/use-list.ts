import type { Graph } from './graph.js';
import type { Node } from './node.js';
import type { Use, Value } from './value.js';

/** A use that knows its place in the list of its value, so that it leaves in constant time. */
interface PlacedUse extends Use {
  place: number;
}

const listOf = (value: Value): PlacedUse[] => value.uses as PlacedUse[];
const slotsOf = (node: Node): (PlacedUse | undefined)[] => node.inputUses as (PlacedUse | undefined)[];

/** Notes that slot `index` of `node` reads `value`. */
export function addUse(value: Value, node: Node, index: number): void {
  const uses = listOf(value);
  const use = { node, index, place: uses.length };
  uses.push(use);
  slotsOf(node)[index] = use;
}

/** Forgets that slot `index` of `node` reads `value`; the last use of the value takes its place. Throws a plain Error when it does not. */
export function removeUse(value: Value, node: Node, index: number): void {
  const uses = listOf(value);
  const use = slotsOf(node)[index];
  if (!use || uses[use.place] !== use) throw new Error(`value ${value.name}: use list lacks ${node.id}[${index}]`);
  const last = uses.pop()!;
  if (last !== use) {
    uses[use.place] = last;
    last.place = use.place;
  }
  slotsOf(node)[index] = undefined;
}

/** True when the use list of `value` has slot `index` of `node`. */
export function hasUse(value: Value, node: Node, index: number): boolean {
  const use = slotsOf(node)[index];
  return use !== undefined && use.node === node && use.index === index && listOf(value)[use.place] === use;
}

/** The body of a control-flow node that goes no longer reads, or returns, what it captured. */
export function releaseCaptures(graph: Graph): void {
  for (const node of graph.nodes()) {
    node.inputs.forEach((value, index) => {
      if (value && value.graph !== graph && hasUse(value, node, index)) removeUse(value, node, index);
    });
    for (const subgraph of node.subgraphs()) releaseCaptures(subgraph);
  }
  for (const value of graph.outputs) {
    if (value.graph !== graph) (value as { outputCount: number }).outputCount--;
  }
}
