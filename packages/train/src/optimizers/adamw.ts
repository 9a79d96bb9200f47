import { type AdamSlot, divideByRoot, divideByRootF32, stepMoments, updateMoments } from './adam-direction.js';
import { adamCoefficients, type AdamOptions } from './adam-options.js';
import { defineOptimizer } from './define-optimizer.js';

/**
 * AdamW: Adam with decoupled decay: m and v of the plain gradient, w := w - eta lambda w - eta m^ / (sqrt(v^) + epsilon).
 *
 * As in torch.optim.AdamW the decay is scaled by the whole learning rate. The paper scales it by the schedule's multiplier alone: its lambda
 * is this lambda times the learning rate where the multiplier is 1.
 *
 * Defaults: learningRate 1e-3, beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0.01 (torch.optim.AdamW).
 * Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019 (arXiv:1711.05101), algorithm 2.
 */
export const adamw = defineOptimizer<AdamOptions, AdamSlot>({
  name: 'adamw',
  rule: 'adam',
  slots: ['firstMoment', 'secondMoment'],
  defaults: { learningRate: 1e-3, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },

  hyper: (step, options) => ({
    ...adamCoefficients(step, options),
    shrink: 1 - options.learningRate * options.weightDecay,
  }),

  update(g, values) {
    const slots = updateMoments(g, values);
    return { direction: divideByRoot(g, slots.firstMoment, slots.secondMoment, values.hyper), slots };
  },

  direction(gradient, slots, i, coefficients) {
    stepMoments(gradient, slots, i, coefficients);
    return divideByRootF32(slots.firstMoment[i]!, slots.secondMoment[i]!, coefficients);
  },
});
