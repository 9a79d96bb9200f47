import { badOption } from '../require-option.js';
import type { DrawPlace, GradientQuantizer, QuantizationOutcome } from './gradient-quantizer.js';

/**
 * Quantizes gradients with the memory of what was lost: p = g + e; sent = Q(p) a; e := p - sent. What is sent in all, and the residual e, is
 * the sum of all gradients.
 *
 * The residuals stay bounded only where |p - sent| < |p|. An unbiased Q may be farther off than p is long, so that it is scaled by
 * a = 1 / (1 + E |Q(p) - p|^2 / |p|^2), which makes E |p - sent|^2 = (1 - a) |p|^2 and is the best factor; the receiver sees it in the scale.
 *
 * Sources: Seide et al., "1-Bit Stochastic Gradient Descent and its Application to Data-Parallel Distributed Training of Speech DNNs", 2014;
 * Karimireddy et al., ICML 2019 (arXiv:1901.09847), algorithm 2, and its remark on unbiased compressors.
 */
export class ErrorFeedback {
  readonly #residuals = new Map<string, Float32Array>();

  constructor(private readonly quantizer: GradientQuantizer) {}

  /** Puts what is sent in place of the gradient of parameter `name`. */
  quantize(name: string, gradient: Float32Array, place: DrawPlace): QuantizationOutcome {
    const residual = this.#residuals.get(name) ?? new Float32Array(gradient.length);
    if (residual.length !== gradient.length) badOption(name, `${residual.length} elements, as before`, gradient.length);
    let square = 0;
    for (let i = 0; i < gradient.length; i++) {
      const sum = Math.fround(gradient[i]! + residual[i]!);
      gradient[i] = sum;
      residual[i] = sum;
      square += sum * sum;
    }
    const outcome = this.quantizer.quantize(gradient, place);
    const factor = square === 0 ? 1 : 1 / (1 + outcome.variance / square);
    for (let i = 0; i < gradient.length; i++) {
      gradient[i]! *= factor;
      residual[i]! -= gradient[i]!;
    }
    this.#residuals.set(name, residual);
    return outcome;
  }

  /** What was not sent yet, by parameter: the state of a checkpoint. */
  residuals(): ReadonlyMap<string, Float32Array> {
    return this.#residuals;
  }

  /** Goes on from the residuals of a checkpoint, which are copied. */
  restore(residuals: ReadonlyMap<string, Float32Array>): void {
    this.#residuals.clear();
    for (const [name, residual] of residuals) this.#residuals.set(name, residual.slice());
  }
}
