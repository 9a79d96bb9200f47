import { GossamerError, type Model, type Node } from '@gossamer/graph';
import type { ResidualBlock } from './residual-blocks.js';

/**
 * The model without the blocks (of `residualBlocks` this model): what read their outputs reads their inputs. Names and types of the graph's outputs
 * stay: where a block made one, an Identity makes it. The model is not changed. Throws ERR_PRUNE_REMOVAL for a block of another model.
 */
export function removeBlocks(model: Model, blocks: readonly ResidualBlock[]): Model {
  const copy = model.clone();
  const { graph } = copy;
  const ends = blocks.map(({ id, input, output }) => {
    const end = graph.value(output.name);
    if (!end?.producer?.isStandard('Add') || !end.producer.inputs.some((value) => value?.name === input.name)) {
      throw new GossamerError('ERR_PRUNE_REMOVAL', `block ${id}: expected a block of this model, received another one`);
    }
    return { add: end.producer, slot: end.producer.inputs.findIndex((value) => value?.name === input.name) };
  });
  for (const { add, slot } of ends) {
    // By slot: an earlier bypass may have put another value there.
    const start = add.input(slot)!;
    const { output } = add;
    if (output.isOutput) {
      const branch = add.input(1 - slot)?.producer;
      graph.setInput(add, 0, start);
      graph.truncateInputs(add, 1);
      graph.retarget(add, { op: 'Identity' });
      if (branch) removeDead(branch);
    } else {
      graph.replaceUses(output, start);
      removeDead(add);
    }
  }
  return copy;
}

/** Removes a node that nothing reads, and what then nothing reads either. What was unread before stays. */
function removeDead(start: Node): void {
  const open = [start];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.outputs.some((value) => value && (value.uses.length > 0 || value.isOutput || value.producer !== node)))
      continue;
    // A node that is gone already: its outputs are no values of the graph any more.
    const isHere = node.outputs.every((value) => !value || value.graph.value(value.name) === value);
    if (!isHere) continue;
    const { inputs, graph } = node;
    graph.remove(node);
    for (const value of new Set(inputs)) {
      if (!value || value.uses.length > 0 || value.isOutput) continue;
      if (value.producer) open.push(value.producer);
      else if (!value.isInput) value.graph.removeValue(value);
    }
  }
}
