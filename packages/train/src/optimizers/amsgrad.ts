import { type AdamSlot, divideByRoot, divideByRootF32, stepMoments, updateMoments } from './adam-direction.js';
import { adamCoefficients, type AdamOptions } from './adam-options.js';
import { arithmetic } from './arithmetic.js';
import { defineOptimizer } from './define-optimizer.js';

/**
 * AMSGrad: Adam whose step divides by the largest mean square so far: vMax := max(vMax, v); w := w - eta m^ / (sqrt(vMax^) + epsilon).
 *
 * The maximum is taken of v before the correction of its bias, as torch.optim.Adam with amsgrad; the paper's algorithm corrects no bias and has
 * no epsilon.
 *
 * Defaults: learningRate 1e-3, beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0 (coupled).
 * Source: Reddi, Kale, Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, algorithm 2.
 */
export const amsgrad = defineOptimizer<AdamOptions, AdamSlot | 'largestSecondMoment'>({
  name: 'amsgrad',
  rule: 'amsgrad',
  slots: ['firstMoment', 'secondMoment', 'largestSecondMoment'],
  defaults: { learningRate: 1e-3, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },

  hyper: (step, options) => ({ ...adamCoefficients(step, options), l2: options.weightDecay }),

  update(g, values) {
    const moments = updateMoments(g, values);
    const largestSecondMoment = arithmetic(g).max(values.slots.largestSecondMoment, moments.secondMoment);
    const direction = divideByRoot(g, moments.firstMoment, largestSecondMoment, values.hyper);
    return { direction, slots: { ...moments, largestSecondMoment } };
  },

  direction(gradient, slots, i, coefficients) {
    stepMoments(gradient, slots, i, coefficients);
    const last = slots.largestSecondMoment[i]!;
    const v = slots.secondMoment[i]!;
    // As the kernel: a NaN in v becomes the maximum, and does not stay there.
    const largest = last > v ? last : v;
    slots.largestSecondMoment[i] = largest;
    return divideByRootF32(slots.firstMoment[i]!, largest, coefficients);
  },
});
