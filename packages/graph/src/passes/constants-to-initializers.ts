import type { Node } from '../ir/node.js';
import { definePass } from './pass.js';

/**
 * Turns Constant nodes into initializers of the same scope, under the same name. Sparse constants, outputs of the graph, and function
 * bodies (which have no initializers) stay.
 */
export const constantsToInitializers = definePass({
  name: 'constants-to-initializers',
  exactness: 'exact',

  run(_model, context) {
    let changes = 0;
    for (const { graph, allowsInitializers } of context.scopes()) {
      if (!allowsInitializers) continue;
      for (const node of graph.nodes()) if (node.isStandard('Constant') && store(node)) changes++;
    }
    return { changes };
  },
});

function store(node: Node): boolean {
  const { graph } = node;
  const [value] = node.outputs;
  const tensor = node.constantTensor();
  if (!value || !tensor || value.isOutput) return false;
  graph.detachOutput(value, value.name);
  graph.remove(node);
  graph.setInitializer(value, tensor);
  return true;
}
