import type { Value } from '@gossamer/graph';
import type { Emitter, Loss } from '@gossamer/train';
import { checkPositive } from './check-option.js';
import { logSoftmaxAt } from './divergence.js';
import { logitPair, type LogitsOptions } from './logits.js';

export interface CorrelationOptions extends LogitsOptions {
  /** T > 0. Default 4. */
  readonly temperature?: number;
  /** Of the relation between classes, sample by sample, > 0. Default 2. */
  readonly beta?: number;
  /** Of the relation between samples, class by class, > 0. Default 2. */
  readonly gamma?: number;
}

/** Keeps the norm of a row that does not vary from being 0. */
const EPSILON = 1e-8;

/**
 * DIST: T^2 (beta (1 - rho over the classes of a sample) + gamma (1 - rho over the samples of a class)), where rho is Pearson's correlation of the
 * softened probabilities: it asks for the teacher's preferences and not for its numbers. Samples that weigh 0 are left out of the second part.
 *
 * Source: Huang et al., "Knowledge Distillation from A Stronger Teacher", NeurIPS 2022 (arXiv:2205.10536), equations 7 to 10.
 */
export function correlation(options: CorrelationOptions = {}): Loss {
  const { temperature = 4, beta = 2, gamma = 2 } = options;
  for (const [name, value] of Object.entries({ temperature, beta, gamma })) checkPositive(name, value);
  return {
    name: 'correlation',
    build(context) {
      const { g, sampleWeights, batch } = context;
      const { student, teacher, mean } = logitPair(context, options);
      const [p, q] = [student, teacher].map((logits) => g.op('Exp', [logSoftmaxAt(g, logits, temperature)])) as [
        Value,
        Value,
      ];
      const rows = g.shape(p)[0]!;
      const weights = g.reshape(g.expand(g.reshape(sampleWeights, [batch, 1]), [batch, rows / batch]), [rows, 1]);
      const one = g.constant(1);
      const between = mean(g.sub(one, pearson(g, p, q, 1)));
      const within = g.sub(one, g.mean(pearson(g, p, q, 0, weights), [0]));
      return g.scale(g.add(g.scale(between, beta), g.scale(within, gamma)), temperature * temperature);
    },
  };
}

/** Pearson's correlation of `a` and `b` along `axis`, over elements weighted by `weights` (default: all alike). */
function pearson(g: Emitter, a: Value, b: Value, axis: 0 | 1, weights?: Value): Value {
  const weighted = (x: Value) => (weights ? g.mul(x, weights) : x);
  const total = weights ? g.op('Max', [g.sum(weights, [0], 1), g.constant(EPSILON)]) : g.constant(g.shape(a)[axis]!);
  const centred = (x: Value) => g.sub(x, g.div(g.sum(weighted(x), [axis], 1), total));
  const [x, y] = [centred(a), centred(b)];
  const norm = (v: Value) => g.op('Sqrt', [g.add(g.sum(weighted(g.mul(v, v)), [axis]), g.constant(EPSILON * EPSILON))]);
  return g.div(g.sum(weighted(g.mul(x, y)), [axis]), g.add(g.mul(norm(x), norm(y)), g.constant(EPSILON)));
}
