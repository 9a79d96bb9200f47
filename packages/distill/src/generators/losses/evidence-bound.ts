import type { Loss } from '@gossamer/train';
import { weightedMean } from '@gossamer/train';
import { CODE_LOG_VARIANCE, CODE_MEAN, RECONSTRUCTED, UNIT_SAMPLES } from '../value-names.js';

/**
 * Minus the evidence lower bound of a variational autoencoder, in nats a sample: the binary cross-entropy of x in [0, 1] and sigmoid(reconstruction),
 * and beta KL(N(mean, variance) || N(0, 1)) = beta / 2 sum(mean^2 + variance - 1 - ln variance).
 *
 * Source: Kingma and Welling, "Auto-Encoding Variational Bayes", ICLR 2014 (arXiv:1312.6114), equation 10 and appendix C.1.
 */
export function evidenceBound(beta: number): Loss {
  return {
    name: 'evidence-bound',
    build(context) {
      const { g, value, batch } = context;
      const logits = g.reshape(value(RECONSTRUCTED), [batch, g.size(value(RECONSTRUCTED)) / batch]);
      const target = g.reshape(value(UNIT_SAMPLES), g.shape(logits));
      // -x log s(r) - (1 - x) log(1 - s(r)) = softplus(r) - x r.
      const crossEntropy = g.sum(g.sub(g.op('Softplus', [logits]), g.mul(target, logits)), [1]);
      const [mean, logVariance] = [value(CODE_MEAN), value(CODE_LOG_VARIANCE)];
      const squares = g.add(g.mul(mean, mean), g.op('Exp', [logVariance]));
      const divergence = g.sum(g.sub(g.sub(squares, logVariance), g.constant(1)), [1]);
      return weightedMean(context, g.add(crossEntropy, g.scale(divergence, beta / 2)));
    },
  };
}
