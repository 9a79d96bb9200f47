import { copyNodes } from './clone.js';
import { Graph } from './graph.js';
import { Model } from './model.js';
import type { Value } from './value.js';
import type { ValueType } from './value-type.js';

/** Values of outer scopes that a body reads, in nested bodies too: each once, in the order in which they are read. */
export function capturesOf(body: Graph): Value[] {
  const inside = new Set(body.scopes());
  const captures = new Set<Value>();
  for (const scope of inside) {
    for (const node of scope.nodes()) {
      for (const value of node.inputs) if (value && !inside.has(value.graph)) captures.add(value);
    }
    for (const value of scope.outputs) if (!inside.has(value.graph)) captures.add(value);
  }
  return [...captures];
}

/**
 * The body of a control-flow node as a model of its own. Its inputs are the body's, then `captures`, of the types that `typeOf` gives;
 * constants that it captures come along as initializers. `captures` must hold all others of `capturesOf(body)`.
 */
export function bodyModel(
  model: Model,
  body: Graph,
  captures: readonly Value[],
  typeOf: (value: Value) => ValueType | undefined,
): Model {
  const graph = new Graph(body.name);
  const copies = new Map<Value, Value>();
  for (const value of body.inputs) copies.set(value, graph.addInput(value.name, typeOf(value) ?? value.type));
  for (const value of captures) copies.set(value, graph.addInput(value.name, typeOf(value) ?? value.type));
  for (const value of capturesOf(body)) {
    if (copies.has(value) || !value.constant) continue;
    copies.set(value, graph.addInitializer(value.name, value.constant));
  }
  copyNodes(body, graph, copies);
  for (const value of body.outputs) graph.addOutput(copies.get(value)!);
  const { irVersion, opsets, functions, path } = model;
  return new Model({ irVersion, opsets, functions, graph, path });
}
