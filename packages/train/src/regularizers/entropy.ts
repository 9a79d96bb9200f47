import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import type { Loss, LossContext } from '../losses/loss.js';
import { weightedMean } from '../losses/weighted-mean.js';
import { badOption } from '../require-option.js';

export interface EntropyOptions {
  /** Value that holds the logits of the distributions. Default: the first output. */
  readonly logits?: string;
  /** In place of logits: the value that holds the distributions themselves, numbers >= 0 that sum to 1. */
  readonly probabilities?: string;
  /** Axis of the classes, not that of samples. Default: the last. */
  readonly axis?: number;
  /** The mean of each sample's entropy, or the entropy of the samples' mean distribution. Default `samples`. */
  readonly of?: 'samples' | 'batch';
}

/** Probabilities below it have its logarithm, so that p log p is 0 at 0 and the gradient finite; also the least weight of a batch. */
const TINY = 2 ** -100;

/**
 * The entropy -sum p log p of activations as distributions, in nats. As a term of the loss with a positive weight it makes them certain; with
 * a negative one it penalises confidence (of samples) or collapse onto few classes (of the batch).
 *
 * Sources: Pereyra et al., "Regularizing Neural Networks by Penalizing Confident Output Distributions", 2017 (arXiv:1701.06548);
 * Chen et al., "Data-Free Learning of Student Networks", ICCV 2019 (arXiv:1904.01186) (the batch's: information entropy loss).
 */
export function entropy(options: EntropyOptions = {}): Loss {
  const { logits, probabilities, of = 'samples' } = options;
  if (logits !== undefined && probabilities !== undefined) badOption('logits, probabilities', 'one of them', 'both');
  if (of !== 'samples' && of !== 'batch') badOption('of', 'samples or batch', of);
  return {
    name: 'entropy',
    build(context) {
      const { g, output, value } = context;
      const source =
        probabilities !== undefined ? value(probabilities) : logits !== undefined ? value(logits) : output();
      const rank = g.rank(source);
      const { axis = rank - 1 } = options;
      if (!(Number.isInteger(axis) && axis >= 1 && axis < rank))
        badOption('axis', `an axis from 1 to ${rank - 1}`, axis);
      const shares = probabilities !== undefined ? source : g.op('Softmax', [source], { axis });
      if (of === 'samples') return weightedMean(context, entropyAlong(g, shares, axis));
      const mean = batchMean(
        context,
        g.mean(
          shares,
          g.shape(shares).flatMap((_, i) => (i === 0 || i === axis ? [] : [i])),
        ),
      );
      return entropyAlong(g, mean, 0);
    },
  };
}

/** The mean of `rows` [batch, classes] over samples, by weight. */
function batchMean({ g, batch, sampleWeights }: LossContext, rows: Value): Value {
  const total = g.op('Max', [g.sum(sampleWeights, [0]), g.constant(TINY)]);
  return g.div(g.sum(g.mul(rows, g.reshape(sampleWeights, [batch, 1])), [0]), total);
}

/** -sum p log p along `axis`, which goes away. */
function entropyAlong(g: Emitter, shares: Value, axis: number): Value {
  const logs = g.op('Log', [g.op('Max', [shares, g.constant(TINY)])]);
  return g.neg(g.sum(g.mul(shares, logs), [axis]));
}
