import { arithmetic } from './arithmetic.js';
import { defineOptimizer } from './define-optimizer.js';
import { fusedMultiplyAdd } from './fused-multiply-add.js';
import { type MomentumOptions, VELOCITY_RULE } from './momentum.js';

/**
 * Nesterov momentum: g := g + lambda w; v := mu v + g; w := w - eta (g + mu v).
 *
 * The weights kept are those looked ahead to, where the gradient is taken, as in every framework.
 *
 * Defaults: learningRate 1e-3, momentum 0.9, weightDecay 0 (torch.optim.SGD with nesterov).
 * Source: Nesterov, "A method for solving the convex programming problem with convergence rate O(1/k^2)", 1983; Sutskever et al., ICML 2013,
 * equations 3 and 4; in this form Bengio et al., "Advances in Optimizing Recurrent Networks", ICASSP 2013 (arXiv:1212.0901), section 3.5.
 */
export const nesterov = defineOptimizer<MomentumOptions, 'velocity'>({
  name: 'nesterov',
  rule: 'nesterov',
  ...VELOCITY_RULE,

  update(g, { gradient, slots, hyper }) {
    const { add, mul } = arithmetic(g);
    const velocity = add(mul(hyper.firstKeep!, slots.velocity), mul(hyper.firstTake!, gradient));
    return { direction: add(gradient, mul(hyper.firstKeep!, velocity)), slots: { velocity } };
  },

  direction(gradient, { velocity }, i, { firstKeep, firstTake }) {
    const v = fusedMultiplyAdd(firstKeep, velocity[i]!, Math.fround(firstTake * gradient));
    velocity[i] = v;
    return fusedMultiplyAdd(firstKeep, v, gradient);
  },
});
