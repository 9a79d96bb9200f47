import { type Loss, weightedMean } from '@gossamer/train';
import { REALNESS, TARGETS } from '../value-names.js';

/**
 * The generator's loss that does not saturate: the mean of -log s(D(x)) over what it made.
 *
 * Source: Goodfellow et al., "Generative Adversarial Networks", 2014 (arXiv:1406.2661), section 3.
 */
export function realness(): Loss {
  return {
    name: 'realness',
    build: (context) => weightedMean(context, context.g.op('Softplus', [context.g.neg(context.value(REALNESS))])),
  };
}

/** The discriminator's loss: binary cross-entropy of D(x) and the input `targets`, [batch, 1], 1 for real samples and 0 for made ones. */
export function tellApart(): Loss {
  return {
    name: 'tell-apart',
    build(context) {
      const { g, batch, value, input } = context;
      const said = value(REALNESS);
      const target = input(TARGETS, 'float32', [batch, 1]);
      return weightedMean(context, g.sub(g.op('Softplus', [said]), g.mul(target, said)));
    },
  };
}
