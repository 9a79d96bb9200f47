import { GossamerError, type Value } from '@gossamer/graph';
import { type Emitter, type Loss, weightedMean } from '@gossamer/train';
import type { DistillErrorCode } from '../error-codes.js';
import { type FeatureOptions, featurePair } from './feature-pair.js';

/** Keeps the norm of a map of zeros from being 0. */
const EPSILON = 1e-12;

/**
 * Attention transfer: the mean squared distance of the maps sum over channels of A^2, each flattened and divided by its 2-norm, of two images [n, c, ...]
 * of one size. The authors' weight is 1000 with this mean form.
 *
 * Source: Zagoruyko and Komodakis, "Paying More Attention to Attention", ICLR 2017 (arXiv:1612.03928), equation 2.
 */
export function attentionTransfer(options: FeatureOptions): Loss {
  return {
    name: 'attention-transfer',
    build(context) {
      const { g } = context;
      const { student, teacher } = featurePair(context, options);
      const [from, to] = [g.shape(student), g.shape(teacher)];
      if (from.length < 3 || from.length !== to.length || from.slice(2).join() !== to.slice(2).join()) {
        throw new GossamerError<DistillErrorCode>(
          'ERR_DISTILL_OPTIONS',
          `attention-transfer: expected maps of one size, received [${from.join()}] of ${options.student} and [${to.join()}] of ${options.teacher}`,
        );
      }
      const difference = g.sub(attentionMap(g, student), attentionMap(g, teacher));
      return weightedMean(context, g.mul(difference, difference));
    },
  };
}

function attentionMap(g: Emitter, value: Value): Value {
  const batch = g.shape(value)[0]!;
  const map = g.sum(g.mul(value, value), [1]);
  const flat = g.reshape(map, [batch, g.size(map) / batch]);
  const norm = g.op('Sqrt', [g.add(g.sum(g.mul(flat, flat), [1], 1), g.constant(EPSILON))]);
  return g.div(flat, norm);
}
