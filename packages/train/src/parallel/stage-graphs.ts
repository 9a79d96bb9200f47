import type { Model, Value } from '@gossamer/graph';
import { differentiate } from '../differentiate.js';
import { copyGraph } from '../emit/copy-graph.js';
import { CONSTANT_OPERATORS } from '../form/constant-operators.js';
import { LOSS } from '../step/build-training-graph.js';
import type { Stage } from './cut-model.js';

/** Name of the input that is the gradient of the loss by an edge. */
export const edgeGradient = (edge: string): string => `edge-gradient/${edge}`;

/** Names of the float32 values that depend on `parameters` on a way that gradients take. */
export function trainedValues({ graph }: Model, parameters: readonly string[]): ReadonlySet<string> {
  const active = new Set<Value>(parameters.flatMap((name) => graph.value(name) ?? []));
  for (const node of graph.nodes()) {
    if (node.domain === '' && CONSTANT_OPERATORS.has(node.op)) continue;
    if (node.inputs.some((value) => value && active.has(value)))
      for (const value of node.outputs) if (value) active.add(value);
  }
  return new Set([...active].map(({ name }) => name));
}

/** The last stage, with the gradients of the loss by `wrt`. */
export const lastStageGraph = ({ model }: Stage, wrt: readonly string[]): Model =>
  differentiate(model, { loss: LOSS, wrt }).model;

/**
 * What a stage before the last computes on the way back: its forward pass again, and the gradients by `wrt` from those by the edges `from` that it makes,
 * which are fed. They are the gradients of sum(edge * gradient).
 */
export function backwardGraph({ model }: Stage, from: readonly string[], wrt: readonly string[]): Model {
  const { g, values } = copyGraph(model);
  let total: Value | undefined;
  for (const name of from) {
    const edge = values.get(model.graph.value(name)!)!;
    const product = g.mul(edge, g.input(edgeGradient(name), 'float32', g.shape(edge)));
    const sum = g.sum(
      product,
      g.shape(edge).map((_, axis) => axis),
    );
    total = total ? g.add(total, g.reshape(sum, [])) : g.reshape(sum, []);
  }
  const name = g.output(total!, 'edge-gradients').name;
  return differentiate(g.model, { loss: name, wrt }).model;
}
