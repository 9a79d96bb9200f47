import type { Value } from '@gossamer/graph';
import type { LossContext } from './loss.js';

/** Below the weight of any sample that counts: a batch of padding alone has the loss 0. */
const TINY = 1e-12;

/** Mean of `values` [batch, ...] over its further axes and, by weight, over the samples. */
export function weightedMean({ g, sampleWeights, batch }: LossContext, values: Value): Value {
  const each = g.mean(
    values,
    g
      .shape(values)
      .slice(1)
      .map((_, i) => i + 1),
  );
  const total = g.op('Max', [g.sum(sampleWeights, [0]), g.constant(TINY)]);
  return g.div(g.sum(g.mul(g.reshape(each, [batch]), sampleWeights), [0]), total);
}
