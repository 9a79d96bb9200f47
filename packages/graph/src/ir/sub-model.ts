import { copyNode } from './clone.js';
import { Graph } from './graph.js';
import { Model } from './model.js';
import type { Node } from './node.js';
import type { Value } from './value.js';
import type { ValueType } from './value-type.js';

/**
 * A model of some nodes of the main graph of `model`: what they read and do not make are its inputs (constants apart, which it shares), `outputs`
 * its outputs, names as they are. `typeOf` says the types of both.
 */
export function subModel(
  model: Model,
  nodes: ReadonlySet<Node>,
  outputs: readonly Value[],
  typeOf: (value: Value) => ValueType | undefined,
): Model {
  const graph = new Graph(model.graph.name);
  const copies = new Map<Value, Value>();
  const ordered = [...model.graph.nodes()].filter((node) => nodes.has(node));
  for (const value of ordered.flatMap(readsOf)) {
    if (copies.has(value) || (value.producer && nodes.has(value.producer))) continue;
    const data = value.initializer ?? value.sparse;
    const isConstant = data !== undefined && !value.isInput;
    const copy = isConstant ? graph.declare(value.name, value.type) : graph.addInput(value.name, typeOf(value));
    if (data) graph.setInitializer(copy, data);
    copies.set(value, copy);
  }
  for (const node of ordered) {
    for (const value of node.outputs) if (value) copies.set(value, graph.declare(value.name, typeOf(value)));
    copyNode(node, graph, copies);
  }
  for (const value of outputs) graph.addOutput(copies.get(value)!);
  const { irVersion, opsets, functions, path } = model;
  return new Model({ irVersion, opsets, functions, graph, path });
}

/** What a node reads of its scope, in its subgraphs too. */
function readsOf(node: Node): Value[] {
  const reads = node.inputs.filter((value): value is Value => value !== undefined);
  for (const subgraph of node.subgraphs()) {
    for (const scope of subgraph.scopes()) {
      for (const inner of scope.nodes())
        for (const value of inner.inputs) if (value?.graph === node.graph) reads.push(value);
      for (const value of scope.outputs) if (value.graph === node.graph) reads.push(value);
    }
  }
  return reads;
}
