import type { Graph } from '../../ir/graph.js';
import type { FunctionDefinition, Model } from '../../ir/model.js';
import type { Value } from '../../ir/value.js';
import { MODEL } from '../../onnx/fields.js';
import { annotatedValues } from '../annotated-values.js';
import { definePass } from '../pass.js';
import { Purity } from '../purity.js';

/**
 * Removes nodes whose outputs nobody reads, initializers nobody reads that are not inputs, and functions nobody calls. A node of an
 * unknown operator, or with one in its bodies, stays: it may do more than make its outputs.
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
    return { changes: changes + removeFunctions(model) };
  },
});

function removeFunctions(model: Model): number {
  // Training graphs may call them too.
  if (model.origin?.has(MODEL.training_info)) return 0;
  const called = new Set<FunctionDefinition>();
  const visit = (graph: Graph) => {
    for (const scope of graph.scopes()) {
      for (const node of scope.nodes()) {
        const definition = model.function(node.domain, node.op, node.overload);
        if (!definition || called.has(definition)) continue;
        called.add(definition);
        visit(definition.body);
      }
    }
  };
  visit(model.graph);
  const kept = model.functions.filter((definition) => called.has(definition));
  const changes = model.functions.length - kept.length;
  if (changes > 0) model.functions.splice(0, model.functions.length, ...kept);
  return changes;
}

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
