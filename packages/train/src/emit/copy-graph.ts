import { Graph, Model, type Node, type Value } from '@gossamer/graph';
import { Emitter } from './emitter.js';
import { TRAIN_DOMAIN, TRAINING_OPSET } from './train-domain.js';

export interface CopiedGraph {
  readonly g: Emitter;
  /** What stands for a value of the original, for its readers. */
  readonly values: ReadonlyMap<Value, Value>;
  /** The value itself, whatever `replace` put in its place. */
  readonly made: ReadonlyMap<Value, Value>;
}

/** Emits something in place of a node, one value for each of its outputs; undefined: the node is copied as it is. */
export type NodeVisitor = (
  g: Emitter,
  node: Node,
  inputs: readonly (Value | undefined)[],
) => readonly (Value | undefined)[] | undefined;

/** Emits what the readers of `value`, an input or a result, read in its place. */
export type ValueReplacer = (g: Emitter, value: Value) => Value;

/**
 * A new model with the nodes of `model` in their order, its inputs (with the types they declare, all sizes numbers) and its initializers under
 * their names. Outputs are not declared. Nodes that `visit` puts others in place of keep the names of the values they made.
 */
export function copyGraph(
  model: Model,
  visit: NodeVisitor = () => undefined,
  replace: ValueReplacer = (_, value) => value,
): CopiedGraph {
  const copy = new Model({
    irVersion: 10,
    opsets: new Map([...model.opsets, ['', TRAINING_OPSET], [TRAIN_DOMAIN, 1]]),
    graph: new Graph(model.graph.name),
  });
  const g = new Emitter(copy);
  const values = new Map<Value, Value>();
  const made = new Map<Value, Value>();
  const keep = (original: Value, copied: Value) => {
    made.set(original, copied);
    values.set(original, replace(g, copied));
  };
  const inputs = model.graph.inputs.map((input) => {
    const value = copy.graph.addInput(input.name, input.type);
    if (input.type) g.types.set(value, input.type);
    return [input, value] as const;
  });
  for (const value of model.graph.initializers()) {
    if (value.initializer && !value.isInput) {
      const copied = copy.graph.addInitializer(value.name, value.initializer);
      made.set(value, copied);
      values.set(value, copied);
    }
  }
  for (const [input, value] of inputs) keep(input, value);
  for (const node of model.graph.nodes()) {
    const read = node.inputs.map((value) => value && values.get(value)!);
    const results = visit(g, node, read) ?? g.copy(node, read);
    node.outputs.forEach((value, i) => {
      if (value && results[i]) keep(value, results[i]);
    });
  }
  return { g, values, made };
}
