import type { Graph } from './graph.js';
import type { Node } from './node.js';
import { hasUse } from './use-list.js';
import type { Value } from './value.js';

/**
 * Verifies what every edit must keep: topological order, use-lists, producers, unique names, output counts, scope ownership.
 * Throws a plain Error (a bug of a pass) naming the first thing that is wrong. O(nodes + uses).
 */
export function checkGraph(graph: Graph): void {
  const counts: Counts = { slots: new Map(), outputs: new Map() };
  checkScope(graph, new Set(), counts);
  for (const scope of graph.scopes()) {
    for (const value of scope.values()) {
      const slots = counts.slots.get(value) ?? 0;
      const outputs = counts.outputs.get(value) ?? 0;
      if (value.uses.length !== slots) {
        fail(scope, `value ${value.name}: ${slots} slots read it, its use list has ${value.uses.length}`);
      }
      if (value.outputCount !== outputs) {
        fail(scope, `value ${value.name}: is ${outputs} outputs, says ${value.outputCount}`);
      }
    }
  }
}

/** What the walk found: reading slots and graph outputs of each value, over all scopes. */
interface Counts {
  readonly slots: Map<Value, number>;
  readonly outputs: Map<Value, number>;
}

const count = (counts: Map<Value, number>, value: Value) => counts.set(value, (counts.get(value) ?? 0) + 1);

function checkScope(graph: Graph, visible: Set<Value>, counts: Counts): void {
  const here = new Set(visible);
  for (const value of graph.values()) {
    if (graph.value(value.name) !== value) fail(graph, `value ${value.name}: is filed under another name`);
    if (value.graph !== graph) fail(graph, `value ${value.name}: belongs to another scope`);
    if (value.producer && (value.isInput || value.initializer)) fail(graph, `value ${value.name}: has two sources`);
    if (!value.producer) here.add(value);
  }
  let previous: Node | undefined;
  for (const node of graph.nodes()) {
    if (node.graph !== graph) fail(graph, `node ${node.id}: belongs to another scope`);
    if (node.previous !== previous) fail(graph, `node ${node.id}: its link back is wrong`);
    previous = node;
    checkNode(graph, node, here, counts);
  }
  for (const value of graph.outputs) {
    if (!here.has(value)) fail(graph, `output ${value.name}: nothing produces it`);
    count(counts.outputs, value);
  }
}

function checkNode(graph: Graph, node: Node, here: Set<Value>, counts: Counts): void {
  node.inputs.forEach((value, index) => {
    if (!value) return;
    if (!here.has(value)) fail(graph, `node ${node.id}: reads ${value.name} before it is made`);
    if (!hasUse(value, node, index)) {
      fail(graph, `value ${value.name}: its use list lacks ${node.id}[${index}]`);
    }
    count(counts.slots, value);
  });
  for (const attribute of node.attributes.values()) {
    attribute.graphs().forEach((subgraph) => {
      if (subgraph.owner?.node !== node)
        fail(graph, `node ${node.id}: its subgraph ${subgraph.name} has another owner`);
      checkScope(subgraph, here, counts);
    });
  }
  for (const value of node.outputs) {
    if (!value) continue;
    if (value.producer !== node) fail(graph, `value ${value.name}: its producer is not ${node.id}`);
    if (graph.value(value.name) !== value) fail(graph, `value ${value.name}: is not filed in its scope`);
    here.add(value);
  }
}

function fail(graph: Graph, message: string): never {
  throw new Error(`graph ${graph.path}${graph.name}: ${message}`);
}
