import { fillUniform } from '../data/counter-random.js';
import { badOption } from '../require-option.js';
import type { GradientQuantizer } from './gradient-quantizer.js';
import { requireFinite } from './require-finite.js';

export interface DorefaOptions {
  /** k, in [1, 16]. Default 8. */
  readonly bits?: number;
}

/** The largest magnitude, a float32. */
const MAXIMUM_BITS = 32;

/**
 * DoReFa's gradients of k bits: 2 M (quantize_k(g / (2 M) + 1/2 + N) - 1/2) with M = max |g| over the tensor, quantize_k(x) = round((2^k - 1) x) / (2^k - 1)
 * and noise N uniform within half a level. Rounding after such noise is stochastic rounding: unbiased, E |Q(g) - g|^2 <= n (M / (2^k - 1))^2. No level is 0.
 *
 * Source: Zhou et al., "DoReFa-Net: Training Low Bitwidth Convolutional Neural Networks with Low Bitwidth Gradients", 2016
 * (arXiv:1606.06160), section 2.5, equation 12. There the maximum is that of a sample, since activations' gradients are quantized.
 */
export function dorefa({ bits = 8 }: DorefaOptions = {}): GradientQuantizer {
  if (!(Number.isInteger(bits) && bits >= 1 && bits <= 16)) badOption('bits', 'an integer in [1, 16]', bits);
  const steps = 2 ** bits - 1;
  return {
    name: 'dorefa',
    isUnbiased: true,
    quantize(gradient, { seed, stream, step }) {
      const size = bits * gradient.length + MAXIMUM_BITS;
      const maximum = requireFinite(gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0));
      if (maximum === 0) return { bits: size, variance: 0 };
      const draws = new Float32Array(gradient.length);
      fillUniform(draws, seed, stream, step);
      let variance = 0;
      for (let i = 0; i < gradient.length; i++) {
        const exact = (gradient[i]! / (2 * maximum) + 0.5) * steps;
        // round(x + noise in [-1/2, 1/2)) with ties up is floor(x + draw in [0, 1)); x <= steps, so no level lies beyond.
        const level = Math.floor(exact + draws[i]!);
        gradient[i] = 2 * maximum * (level / steps - 0.5);
        const share = exact - Math.floor(exact);
        variance += share * (1 - share) * ((2 * maximum) / steps) ** 2;
      }
      return { bits: size, variance };
    },
  };
}
