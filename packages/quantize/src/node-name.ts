import type { Graph, Node } from '@gossamer/graph';

/** What new nodes and values around `node` are called after: its name, or its first result's. */
export function nodeName(node: Node): string {
  return node.name !== '' ? node.name : (node.outputs.find((value) => value)?.name ?? node.op);
}

const taken = new WeakMap<Graph, Set<string>>();

/** A node name that no node of `graph` has, starting with `base`: ONNX Runtime refuses a graph with two nodes of one name. */
export function freshNodeName(graph: Graph, base: string): string {
  let names = taken.get(graph);
  if (!names) {
    names = new Set([...graph.nodes()].map(({ name }) => name));
    taken.set(graph, names);
  }
  let name = base;
  for (let i = 1; names.has(name); i++) name = `${base}_${i}`;
  names.add(name);
  return name;
}
