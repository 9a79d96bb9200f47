import { type AdamSlot, divideByRoot, divideByRootF32, stepMoments, updateMoments } from './adam-direction.js';
import { adamCoefficients, type AdamOptions } from './adam-options.js';
import { defineOptimizer } from './define-optimizer.js';

/**
 * Adam: g := g + lambda w; m := beta1 m + (1 - beta1) g; v := beta2 v + (1 - beta2) g^2; w := w - eta m^ / (sqrt(v^) + epsilon)
 * with m^ = m / (1 - beta1^t) and v^ = v / (1 - beta2^t).
 *
 * Defaults: learningRate 1e-3, beta1 0.9, beta2 0.999, epsilon 1e-8 (the paper's), weightDecay 0 (coupled, as torch.optim.Adam).
 * Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015 (arXiv:1412.6980), algorithm 1.
 */
export const adam = defineOptimizer<AdamOptions, AdamSlot>({
  name: 'adam',
  rule: 'adam',
  slots: ['firstMoment', 'secondMoment'],
  defaults: { learningRate: 1e-3, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },

  hyper: (step, options) => ({ ...adamCoefficients(step, options), l2: options.weightDecay }),

  update(g, values) {
    const slots = updateMoments(g, values);
    return { direction: divideByRoot(g, slots.firstMoment, slots.secondMoment, values.hyper), slots };
  },

  direction(gradient, slots, i, coefficients) {
    stepMoments(gradient, slots, i, coefficients);
    return divideByRootF32(slots.firstMoment[i]!, slots.secondMoment[i]!, coefficients);
  },
});
