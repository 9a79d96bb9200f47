import type { GradientQuantizer } from './gradient-quantizer.js';
import { requireFinite } from './require-finite.js';

const SCALE_BITS = 32;

/**
 * One bit an element: the mean magnitude with the element's sign (that of 0 is +). Biased: only with ErrorFeedback does training converge, as
 * |Q(g) - g|^2 = (1 - d) |g|^2 with d = |g|_1^2 / (n |g|^2).
 *
 * Source: Karimireddy et al., "Error Feedback Fixes SignSGD and other Gradient Compression Schemes", ICML 2019 (arXiv:1901.09847), algorithm 1.
 */
export function sign(): GradientQuantizer {
  return {
    name: 'sign',
    isUnbiased: false,
    quantize(gradient) {
      let sum = 0;
      for (const g of gradient) sum += Math.abs(g);
      const scale = gradient.length === 0 ? 0 : requireFinite(sum) / gradient.length;
      for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! < 0 ? -scale : scale;
      return { bits: gradient.length + SCALE_BITS, variance: 0 };
    },
  };
}
