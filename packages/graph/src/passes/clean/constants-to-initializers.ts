import type { Model } from '../../ir/model.js';
import type { Node } from '../../ir/node.js';
import { definePass } from '../pass.js';

/**
 * Turns Constant nodes into initializers of the same scope, under the same name. Sparse constants, outputs of the graph, and function
 * bodies (which have no initializers) stay. Before IR version 4 every initializer had to be an input: a model that has none of those
 * is raised to version 4, where they need not, another one stays as it is (see inputs-to-initializers).
 */
export const constantsToInitializers = definePass({
  name: 'constants-to-initializers',
  exactness: 'exact',

  run(model, context) {
    let changes = 0;
    const hasDefaults = model.graph.inputs.some((value) => value.initializer ?? value.sparse);
    if (model.irVersion < 4 && !hasDefaults && hasConstants(model)) model.irVersion = 4;
    for (const { graph, allowsInitializers } of context.scopes()) {
      if (!allowsInitializers) continue;
      for (const node of graph.nodes()) if (node.isStandard('Constant') && store(node)) changes++;
    }
    return { changes };
  },
});

const hasConstants = (model: Model): boolean =>
  [...model.scopes()].some((graph) => [...graph.nodes()].some((node) => node.isStandard('Constant')));

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
