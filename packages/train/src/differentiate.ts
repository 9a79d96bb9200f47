import { GossamerError, type Model, type Node, type Value } from '@gossamer/graph';
import { copyGraph } from './emit/copy-graph.js';
import type { Emitter } from './emit/emitter.js';
import { removeDead } from './emit/remove-dead.js';
import type { TrainErrorCode } from './error-codes.js';
import { blocksGradients } from './form/constant-operators.js';
import { findGradient } from './gradients/registry.js';

export interface DifferentiateOptions {
  /** Name of the scalar float value whose gradients are wanted. */
  readonly loss: string;
  /** Names of the float values (graph inputs, as a rule) by which it is differentiated. */
  readonly wrt: readonly string[];
}

/** A graph that computes gradients. */
export interface GradientGraph {
  /** Forward and backward pass as ordinary nodes; outputs: those of the training form, then the gradients. */
  readonly model: Model;
  /** Name of the output that is the gradient by each of `wrt`, in their order. */
  readonly gradients: ReadonlyMap<string, string>;
}

/** Name of the output that is the gradient of `name`. */
export const gradientName = (name: string): string => `gradient/${name}`;

/**
 * Reverse-mode differentiation as a transformation of graphs: a new model with the nodes of `form` (a training form, see toTrainingForm), and
 * behind them those that compute the gradients of `loss`. A value on which the loss does not depend has the gradient 0.
 *
 * Throws ERR_NO_GRADIENT for an operator without a rule on the way, ERR_TRAIN_OPTIONS for a loss that is no scalar and for unknown names.
 */
export function differentiate(form: Model, { loss, wrt }: DifferentiateOptions): GradientGraph {
  const { g, values } = copyGraph(form);
  for (const output of form.graph.outputs) g.output(values.get(output)!, output.name);
  const named = (name: string, what: string): Value => {
    const value = g.graph.value(name);
    if (value) return value;
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `${what}: expected a value of the graph, received ${name}`,
    );
  };
  const root = named(loss, 'loss');
  if (g.size(root) !== 1 || g.dtype(root) !== 'float32') {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `loss: expected a scalar of float32, received ${g.dtype(root)} [${g.shape(root).join()}]`,
    );
  }
  const wanted = wrt.map((name) => named(name, 'wrt'));
  const grads = propagate(g, root, wanted);
  const gradients = new Map<string, string>();
  wanted.forEach((value, i) => {
    const gradient = grads.get(value) ?? g.zeros(g.shape(value), g.dtype(value));
    gradients.set(wrt[i]!, g.output(gradient, gradientName(wrt[i]!)).name);
  });
  removeDead(g.graph);
  return { model: g.model, gradients };
}

/** Gradients of `root` by every value on the way to `wanted`. */
function propagate(g: Emitter, root: Value, wanted: readonly Value[]): ReadonlyMap<Value, Value> {
  const active = new Set(wanted);
  const forward: Node[] = [...g.graph.nodes()];
  for (const node of forward) {
    if (blocksGradients(node, active)) continue;
    if (node.inputs.some((value) => value && active.has(value)))
      for (const value of node.outputs) if (value) active.add(value);
  }
  const grads = new Map<Value, Value>([[root, g.expand(g.constant(1), g.shape(root))]]);
  for (const node of forward.reverse()) {
    const incoming = node.outputs.map((value) => value && grads.get(value));
    if (!incoming.some(Boolean) || !node.inputs.some((value) => value && active.has(value))) continue;
    const flown = gradientsOf(g, node, incoming, active, wanted);
    node.inputs.forEach((value, i) => {
      const gradient = flown[i];
      if (!value || !gradient || !active.has(value)) return;
      const earlier = grads.get(value);
      grads.set(value, earlier ? g.add(earlier, gradient) : gradient);
    });
  }
  return grads;
}

function gradientsOf(
  g: Emitter,
  node: Node,
  grads: readonly (Value | undefined)[],
  active: ReadonlySet<Value>,
  wanted: readonly Value[],
): readonly (Value | undefined)[] {
  const rule = findGradient(node);
  if (!rule) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_NO_GRADIENT',
      `node ${node.id}: expected an operator with a gradient, received ${node.kind}`,
    );
  }
  g.scope = `d/${node.name}/`;
  return rule.gradient({
    g,
    node,
    inputs: node.inputs,
    outputs: node.outputs,
    grads,
    get dy(): Value {
      const [dy] = grads;
      if (dy) return dy;
      throw new Error(`${node.kind} ${node.id}: its rule reads the gradient of output 0, and none reaches it`);
    },
    x: node.inputs[0]!,
    y: node.outputs[0]!,
    needs: (input) => {
      const value = node.inputs[input];
      return value !== undefined && active.has(value);
    },
    isWanted: (input) => wanted.some((value) => value === node.inputs[input]),
  });
}
