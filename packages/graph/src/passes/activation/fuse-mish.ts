import { gatedProducts } from './gated-product.js';
import { definePass } from '../pass.js';
import { isNear } from './polynomial.js';

/** Mish is an operator of the standard from this opset on. */
const LEAST_OPSET = 18;

/**
 * Turns x·tanh(softplus(x)) into Mish. Nothing else may read what lies between.
 *
 * Bound, u the unit roundoff: softplus errs by a few u relatively and absolutely, tanh by a few u, so either form errs by at most 8·u·|x|,
 * and the two differ by 16·u·|x| at most.
 * Source: Misra 2019, "Mish", arXiv:1908.08681, section 2.
 */
export const fuseMish = definePass({
  name: 'fuse-mish',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) {
        const found = gatedProducts(node, context.types).find(({ fragment, x, gate, coefficient, u }) => {
          const softplus = fragment.take(fragment.take(gate, 'Tanh')?.input(0), 'Softplus');
          return softplus?.input(0) === x && isNear(coefficient, 1, u) && fragment.isClosed;
        });
        if (!found || !context.hasOperator(scope, 'Mish', LEAST_OPSET, node)) continue;
        found.fragment.replace({ op: 'Mish', name: node.name, inputs: [found.x] });
        changes++;
      }
    }
    return { changes };
  },
});
