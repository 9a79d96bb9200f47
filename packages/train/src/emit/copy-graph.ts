import { Graph, Model, type Node, type Value } from '@gossamer/graph';
import { Emitter } from './emitter.js';
import { TRAIN_DOMAIN, TRAINING_OPSET } from './train-domain.js';

export interface CopiedGraph {
  readonly g: Emitter;
  /** What stands for a value of the original. */
  readonly values: ReadonlyMap<Value, Value>;
}

/** Emits something in place of a node, one value for each of its outputs; undefined: the node is copied as it is. */
export type NodeVisitor = (
  g: Emitter,
  node: Node,
  inputs: readonly (Value | undefined)[],
) => readonly (Value | undefined)[] | undefined;

/**
 * A new model with the nodes of `model` in their order, its inputs (with the types they declare, all sizes numbers) and its initializers under
 * their names. Outputs are not declared. Nodes that `visit` puts others in place of keep the names of the values they made.
 */
export function copyGraph(model: Model, visit: NodeVisitor = () => undefined): CopiedGraph {
  const copy = new Model({
    irVersion: 10,
    opsets: new Map([...model.opsets, ['', TRAINING_OPSET], [TRAIN_DOMAIN, 1]]),
    graph: new Graph(model.graph.name),
  });
  const g = new Emitter(copy);
  const values = new Map<Value, Value>();
  for (const input of model.graph.inputs) {
    const value = copy.graph.addInput(input.name, input.type);
    if (input.type) g.types.set(value, input.type);
    values.set(input, value);
  }
  for (const value of model.graph.initializers()) {
    if (value.initializer && !values.has(value))
      values.set(value, copy.graph.addInitializer(value.name, value.initializer));
  }
  for (const node of model.graph.nodes()) {
    const inputs = node.inputs.map((value) => value && values.get(value)!);
    const made = visit(g, node, inputs) ?? g.copy(node, inputs);
    node.outputs.forEach((value, i) => {
      if (value && made[i]) values.set(value, made[i]);
    });
  }
  return { g, values };
}
