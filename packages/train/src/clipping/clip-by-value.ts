import { requirePositive } from '../require-option.js';

/** Limits every element to [-maximum, maximum], maximum > 0, in place; NaN stays. It may turn the direction, which `clipByNorm` keeps. */
export function clipByValue(gradients: readonly Float32Array[], maximum: number): void {
  requirePositive('clipValue', maximum);
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) gradient[i] = Math.max(-maximum, Math.min(maximum, gradient[i]!));
  }
}
