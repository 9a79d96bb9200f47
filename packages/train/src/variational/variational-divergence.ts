import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import type { Loss } from '../losses/loss.js';
import { badOption } from '../require-option.js';
import { logVarianceName } from './insert-variational.js';
import { logAlpha } from './log-alpha.js';

/** Of the approximation below. Source: Molchanov et al., equation 14. */
const [K1, K2, K3] = [0.63576, 1.8732, 1.48695] as const;

/** The sum of the divergences of weights of `alphas`, from the log-uniform prior, above their least: K1 - K1 sigmoid(K2 + K3 a) + log(1 + exp(-a)) / 2. 0 where a is large. */
export function divergence(g: Emitter, alphas: Value): Value {
  const open = g.op('Sigmoid', [g.add(g.scale(alphas, K3), g.constant(K2))]);
  const tail = g.scale(g.op('Log', [g.add(g.constant(1), g.op('Exp', [g.neg(alphas)]))]), 0.5);
  const all = g.add(g.sub(g.constant(K1), g.scale(open, K1)), tail);
  return g.sum(
    all,
    g.shape(all).map((_, axis) => axis),
  );
}

/** What sparse variational dropout adds to a loss: the divergence of `weights` (see insertVariational) from the log-uniform prior; its weight is 1 over the samples, for a loss that is a mean over them. */
export function variationalDivergence(weights: readonly string[]): Loss {
  return {
    name: 'variational-divergence',
    build({ g, value }) {
      if (weights.length === 0) badOption('variationalDivergence', 'names of weights', weights);
      return weights
        .map((name) => divergence(g, logAlpha(g, value(name), value(logVarianceName(name)))))
        .reduce((a, b) => g.add(a, b));
    },
  };
}
