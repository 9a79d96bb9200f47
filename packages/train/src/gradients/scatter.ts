import { GossamerError, type Node, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import type { TrainErrorCode } from '../error-codes.js';
import { defineGradient } from './gradient-rule.js';

/** Whether updates replace what they land on (they must land on places of their own) or are added to it. */
function replaces(node: Node): boolean {
  const reduction = node.string('reduction', 'none');
  if (reduction === 'none') return true;
  if (reduction === 'add') return false;
  throw new GossamerError<TrainErrorCode>(
    'ERR_NO_GRADIENT',
    `node ${node.id}: expected ${node.op} with reduction none or add, received ${reduction}`,
  );
}

/** dy with zeros where updates landed. */
function cleared(g: Emitter, node: Node, dy: Value): Value {
  const [, indices, updates] = node.inputs;
  return g.op(
    node.op,
    [dy, indices, g.zeros(g.shape(updates!), g.dtype(dy))],
    node.op === 'ScatterND' ? {} : { axis: node.int('axis', 0) },
  );
}

/** What landed gets the gradient of its place; what was replaced gets none. */
export const scatterElementsGradient = defineGradient({
  op: 'ScatterElements',
  gradient: ({ g, node, inputs, dy, needs }) => [
    replaces(node) ? cleared(g, node, dy) : dy,
    undefined,
    needs(2) ? g.op('GatherElements', [dy, inputs[1]], { axis: node.int('axis', 0) }) : undefined,
  ],
});

export const scatterNdGradient = defineGradient({
  op: 'ScatterND',
  gradient: ({ g, node, inputs, dy, needs }) => [
    replaces(node) ? cleared(g, node, dy) : dy,
    undefined,
    needs(2) ? g.op('GatherND', [dy, inputs[1]]) : undefined,
  ],
});
