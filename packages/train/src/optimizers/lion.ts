import { arithmetic } from './arithmetic.js';
import { defineOptimizer } from './define-optimizer.js';
import { fusedMultiplyAdd } from './fused-multiply-add.js';
import type { OptimizerOptions } from './optimizer.js';

export interface LionOptions extends OptimizerOptions {
  /** Share of the momentum in the direction, in [0, 1). Default 0.9. */
  readonly beta1: number;
  /** Share of the momentum kept, in [0, 1). Default 0.99. */
  readonly beta2: number;
}

/**
 * Lion: u = sign(beta1 m + (1 - beta1) g); w := w - eta lambda w - eta u; m := beta2 m + (1 - beta2) g. The sign of 0 is 0; decay is decoupled.
 *
 * Every weight moves by the same amount: the authors advise a learning rate 3 to 10 times below AdamW's, and a decay as much above.
 *
 * Defaults: learningRate 1e-4, beta1 0.9, beta2 0.99, weightDecay 0 (the authors' code).
 * Source: Chen et al., "Symbolic Discovery of Optimization Algorithms", NeurIPS 2023 (arXiv:2302.06675), algorithm 2.
 */
export const lion = defineOptimizer<LionOptions, 'momentum'>({
  name: 'lion',
  rule: 'lion',
  slots: ['momentum'],
  defaults: { learningRate: 1e-4, weightDecay: 0, beta1: 0.9, beta2: 0.99 },

  hyper: (_step, { learningRate, weightDecay, beta1, beta2 }) => ({
    step: learningRate,
    shrink: 1 - learningRate * weightDecay,
    firstKeep: beta1,
    firstTake: 1 - beta1,
    secondKeep: beta2,
    secondTake: 1 - beta2,
  }),

  update(g, { gradient, slots, hyper }) {
    const { add, mul, sign } = arithmetic(g);
    const direction = sign(add(mul(hyper.firstKeep!, slots.momentum), mul(hyper.firstTake!, gradient)));
    const m = add(mul(hyper.secondKeep!, slots.momentum), mul(hyper.secondTake!, gradient));
    return { direction, slots: { momentum: m } };
  },

  direction(gradient, { momentum: m }, i, { firstKeep, firstTake, secondKeep, secondTake }) {
    const f = Math.fround;
    const direction = Math.sign(fusedMultiplyAdd(firstKeep, m[i]!, f(firstTake * gradient)));
    m[i] = fusedMultiplyAdd(secondKeep, m[i]!, f(secondTake * gradient));
    return direction;
  },
});
