import { arithmetic } from './arithmetic.js';
import { defineOptimizer } from './define-optimizer.js';
import { fusedMultiplyAdd } from './fused-multiply-add.js';
import type { OptimizerOptions } from './optimizer.js';

export interface RmspropOptions extends OptimizerOptions {
  /** Share of the mean square kept, in [0, 1). Default 0.99. */
  readonly alpha: number;
  /** Added to the root, > 0. Default 1e-8. */
  readonly epsilon: number;
}

/**
 * RMSprop: g := g + lambda w; s := alpha s + (1 - alpha) g^2; w := w - eta g / (sqrt(s) + epsilon).
 *
 * Defaults: learningRate 1e-2, alpha 0.99, epsilon 1e-8, weightDecay 0 (torch.optim.RMSprop; the lecture has alpha 0.9 and no epsilon).
 * Source: Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6e, 2012.
 */
export const rmsprop = defineOptimizer<RmspropOptions, 'meanSquare'>({
  name: 'rmsprop',
  rule: 'rmsprop',
  slots: ['meanSquare'],
  defaults: { learningRate: 1e-2, weightDecay: 0, alpha: 0.99, epsilon: 1e-8 },

  hyper: (_step, { learningRate, weightDecay, alpha, epsilon }) => ({
    step: learningRate,
    l2: weightDecay,
    secondKeep: alpha,
    secondTake: 1 - alpha,
    epsilon,
  }),

  update(g, { gradient, slots, hyper }) {
    const { add, div, mul, sqrt } = arithmetic(g);
    const taken = mul(mul(hyper.secondTake!, gradient), gradient);
    const meanSquare = add(mul(hyper.secondKeep!, slots.meanSquare), taken);
    return { direction: div(gradient, add(sqrt(meanSquare), hyper.epsilon!)), slots: { meanSquare } };
  },

  direction(gradient, { meanSquare }, i, { secondKeep, secondTake, epsilon }) {
    const f = Math.fround;
    const s = fusedMultiplyAdd(secondKeep, meanSquare[i]!, f(f(secondTake * gradient) * gradient));
    meanSquare[i] = s;
    return f(gradient / f(f(Math.sqrt(s)) + epsilon));
  },
});
