import type { Divergence } from '@gossamer/runtime';

/** One number for how far a changed model is from its own: KL of the logits in nats, where there are none the noise to signal of the outputs. */
export const changeOf = ({ kl, noise }: Divergence): number => kl ?? noise;
