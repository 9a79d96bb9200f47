import { Attribute, type AttributeValue } from './attribute.js';
import { Graph, type Owner } from './graph.js';
import type { Node } from './node.js';
import type { Value } from './value.js';

/** Copies a graph and its subgraphs; tensors, attributes without graphs and wire origins are shared. */
export function cloneGraph(graph: Graph): Graph {
  return copyScope(graph, undefined, new Map());
}

function copyScope(source: Graph, owner: Owner | undefined, copies: Map<Value, Value>): Graph {
  const target = new Graph(source.name, owner, source.origin);
  // Values in their order first: inputs and initializers keep their places, outputs find their declared twins.
  for (const value of source.values()) copies.set(value, copyValue(value, target));
  for (const value of source.inputs) target.addInput(value.name);
  for (const node of source.nodes()) copyNode(node, target, copies);
  for (const value of source.outputs) target.addOutput(copies.get(value) ?? value);
  for (const { input, output, init } of source.state) target.linkState(copies.get(input)!, copies.get(output)!, init);
  return target;
}

function copyValue(value: Value, target: Graph): Value {
  const copy = target.declare(value.name, value.type);
  const data = value.initializer ?? value.sparse;
  if (data) target.setInitializer(copy, data);
  Object.assign(copy.origins, value.origins);
  return copy;
}

/**
 * Copies the nodes of `source`, their subgraphs included, to the end of `target`. `copies` says what values of `source` become; those it
 * does not name are declared in `target` and added to it.
 */
export function copyNodes(source: Graph, target: Graph, copies: Map<Value, Value>): void {
  for (const value of source.values()) if (!copies.has(value)) copies.set(value, copyValue(value, target));
  for (const node of source.nodes()) copyNode(node, target, copies);
}

/** Copies one node to the end of `target`, as `copyNodes` does all: what it reads and makes must be in `copies`. Returns the copy. */
export function copyNode(node: Node, target: Graph, copies: Map<Value, Value>): Node {
  const copy = target.add({
    op: node.op,
    domain: node.domain,
    name: node.name,
    overload: node.overload,
    // A value of no copied scope is a capture from outside the cloned tree (a lone subgraph): it stays.
    inputs: node.inputs.map((value) => value && (copies.get(value) ?? value)),
    outputs: node.outputs.map((value) => value && copies.get(value)),
    ...(node.origin ? { origin: node.origin } : {}),
  });
  for (const [name, item] of node.attributes) {
    const graphs = item.graphs();
    target.setAttribute(copy, name, graphs.length === 0 ? item : copyGraphs(item, copy, copies));
  }
  return copy;
}

function copyGraphs(item: Attribute, node: Node, copies: Map<Value, Value>): Attribute {
  const graphs = item.graphs().map((graph, index) => copyScope(graph, { node, attribute: item.name, index }, copies));
  const content: AttributeValue =
    item.content.type === 'graph' ? { type: 'graph', value: graphs[0]! } : { type: 'graphs', value: graphs };
  return new Attribute(item.name, content, item.origin);
}
