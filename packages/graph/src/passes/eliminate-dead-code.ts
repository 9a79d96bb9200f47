import type { Graph } from '../ir/graph.js';
import type { Value } from '../ir/value.js';
import { annotatedValues } from './annotated-values.js';
import { definePass } from './pass.js';
import { Purity } from './purity.js';

/**
 * Removes nodes whose outputs nobody reads, and initializers nobody reads that are not inputs. A node of an unknown operator, or with
 * one in its bodies, stays: it may do more than make its outputs.
 */
export const eliminateDeadCode = definePass({
  name: 'eliminate-dead-code',
  exactness: 'exact',

  run(model, context) {
    const purity = new Purity(context);
    let changes = removeNodes(model.graph, purity);
    for (const { body } of model.functions) changes += removeNodes(body, purity);
    const isAnnotated = annotatedValues(model);
    for (const { graph } of context.scopes()) {
      for (const value of [...graph.initializers()]) {
        if (isRead(value) || value.isInput || isAnnotated(value)) continue;
        graph.removeValue(value);
        changes++;
      }
    }
    return { changes };
  },
});

/** From the last node to the first, so that one walk takes whole chains; bodies before what they capture. */
function removeNodes(graph: Graph, purity: Purity): number {
  let changes = 0;
  for (const node of [...graph.nodes()].reverse()) {
    const isDead = node.outputs.every((value) => !value || !isRead(value));
    if (isDead && purity.isPure(node)) {
      graph.remove(node);
      changes++;
    } else {
      for (const subgraph of node.subgraphs()) changes += removeNodes(subgraph, purity);
    }
  }
  return changes;
}

const isRead = (value: Value): boolean => value.uses.length > 0 || value.isOutput;
