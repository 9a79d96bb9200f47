import { bypass } from '../bypass.js';
import { definePass } from '../pass.js';

/**
 * Removes Identity nodes: readers of the result read the input. A result that is a graph output gives its name to the node that makes
 * the input; where there is none (an input, an initializer, another output) the Identity stays.
 */
export const eliminateIdentity = definePass({
  name: 'eliminate-identity',
  exactness: 'exact',

  run(_model, context) {
    let changes = 0;
    for (const { graph } of context.scopes()) {
      for (const node of graph.nodes()) if (node.isStandard('Identity') && bypass(node)) changes++;
    }
    return { changes };
  },
});
