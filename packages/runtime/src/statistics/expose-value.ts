import type { Tensor } from '@gossamer/graph';
import { type Graph, type Node, tensorType, type Value } from '@gossamer/graph';

/** Why a value cannot be brought out of the bodies it lies in; undefined: it can. */
export function refuseExposing(value: Value): string | undefined {
  for (let scope: Graph = value.graph; scope.owner; scope = scope.owner.node.graph) {
    const { node } = scope.owner;
    if (!node.isStandard('If') && !node.isStandard('Loop')) return `it lies in a body of ${node.kind} ${node.id}`;
  }
  return undefined;
}

/**
 * Brings a float32 value out of the bodies of If and Loop that it lies in, as further outputs of those nodes; returns the value of the
 * main graph. Branches that do not compute it give `filler`; the iterations of a Loop are stacked along a new first axis.
 */
export function exposeValue(value: Value, filler: Tensor): Value {
  let exposed = value;
  while (exposed.graph.owner) {
    const { node } = exposed.graph.owner;
    exposed = node.isStandard('If') ? exposeFromBranch(node, exposed, filler) : exposeFromLoop(node, exposed);
  }
  return exposed;
}

function exposeFromBranch(node: Node, value: Value, filler: Tensor): Value {
  for (const branch of node.subgraphs()) {
    branch.addOutput(branch === value.graph ? value : branch.addInitializer('gossamer_filler', filler));
  }
  return addResult(node, value.graph.outputs.length - 1, value.name);
}

function exposeFromLoop(node: Node, value: Value): Value {
  value.graph.addOutput(value);
  // The body's first output, the condition, does not come out.
  return addResult(node, value.graph.outputs.length - 2, value.name);
}

function addResult(node: Node, index: number, name: string): Value {
  const { graph } = node;
  const result = graph.declare(graph.uniqueName(name), tensorType('float32'));
  graph.setOutput(node, index, result);
  return result;
}
