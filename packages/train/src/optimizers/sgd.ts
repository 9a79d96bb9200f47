import { defineOptimizer } from './define-optimizer.js';
import type { OptimizerOptions } from './optimizer.js';

/**
 * Stochastic gradient descent: g := g + lambda w; w := w - eta g.
 *
 * Defaults: learningRate 1e-3, weightDecay 0 (torch.optim.SGD).
 * Source: Robbins and Monro, "A Stochastic Approximation Method", 1951; Goodfellow et al., "Deep Learning", algorithm 8.1.
 */
export const sgd = defineOptimizer<OptimizerOptions, never>({
  name: 'sgd',
  rule: 'sgd',
  slots: [],
  defaults: { learningRate: 1e-3, weightDecay: 0 },

  hyper: (_step, { learningRate, weightDecay }) => ({ step: learningRate, l2: weightDecay }),

  update: (_g, { gradient }) => ({ direction: gradient, slots: {} }),

  direction: (gradient) => gradient,
});
