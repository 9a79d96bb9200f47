import { gradientNorm } from '../loop/gradient-norm.js';
import { requirePositive } from '../require-option.js';

/**
 * What gradients of the norm `norm` are multiplied by so that it becomes at most `maximum`: maximum / norm where it is larger, else 1. An optimiser
 * takes it as `gradientFactor`, without a pass of its own. PyTorch adds 1e-6 to the norm; the paper does not.
 *
 * Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013 (arXiv:1211.5063), algorithm 1.
 */
export function clipFactor(norm: number, maximum: number): number {
  requirePositive('clipNorm', maximum);
  return norm > maximum ? maximum / norm : 1;
}

/** Scales all gradients, as one vector, down to the 2-norm `maximum` > 0 where it is larger, in place; returns the norm before. */
export function clipByNorm(gradients: readonly Float32Array[], maximum: number): number {
  const norm = gradientNorm(gradients);
  const factor = clipFactor(norm, maximum);
  if (factor !== 1) for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) gradient[i]! *= factor;
  return norm;
}
