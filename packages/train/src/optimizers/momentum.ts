import { arithmetic } from './arithmetic.js';
import { defineOptimizer } from './define-optimizer.js';
import { fusedMultiplyAdd } from './fused-multiply-add.js';
import type { OptimizerOptions } from './optimizer.js';

export interface MomentumOptions extends OptimizerOptions {
  /** mu: share of the velocity kept, in [0, 1). Default 0.9. */
  readonly momentum: number;
}

/** What momentum and Nesterov's form of it share: defaults, and the coefficients of a step. */
export const VELOCITY_RULE = {
  slots: ['velocity'],
  defaults: { learningRate: 1e-3, weightDecay: 0, momentum: 0.9 },
  hyper: (_step: number, options: MomentumOptions) => ({
    step: options.learningRate,
    l2: options.weightDecay,
    firstKeep: options.momentum,
    firstTake: 1,
  }),
} as const;

/**
 * Heavy-ball momentum: g := g + lambda w; v := mu v + g; w := w - eta v.
 *
 * The learning rate multiplies the velocity instead of entering it, so that a change of the rate acts at once. At a constant rate the steps
 * are those of the original form, v := mu v - eta g; w := w + v.
 *
 * Defaults: learningRate 1e-3, momentum 0.9, weightDecay 0 (torch.optim.SGD, where momentum is 0 unless given).
 * Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Sutskever et al., "On the importance of
 * initialization and momentum in deep learning", ICML 2013, equations 1 and 2.
 */
export const momentum = defineOptimizer<MomentumOptions, 'velocity'>({
  name: 'momentum',
  rule: 'momentum',
  ...VELOCITY_RULE,

  update(g, { gradient, slots, hyper }) {
    const { add, mul } = arithmetic(g);
    const velocity = add(mul(hyper.firstKeep!, slots.velocity), mul(hyper.firstTake!, gradient));
    return { direction: velocity, slots: { velocity } };
  },

  direction(gradient, { velocity }, i, { firstKeep, firstTake }) {
    return (velocity[i] = fusedMultiplyAdd(firstKeep, velocity[i]!, Math.fround(firstTake * gradient)));
  },
});
