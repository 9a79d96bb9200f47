import type { OptimizerOptions } from './optimizer.js';
import type { StepCoefficients } from './step-coefficients.js';

export interface AdamOptions extends OptimizerOptions {
  /** Share of the mean gradient kept, in [0, 1). Default 0.9. */
  readonly beta1: number;
  /** Share of the mean square kept, in [0, 1). Default 0.999. */
  readonly beta2: number;
  /** Added to the root, > 0. Default 1e-8. */
  readonly epsilon: number;
}

/** The coefficients of Adam and its relatives but those of decay. */
export function adamCoefficients(
  step: number,
  { learningRate, beta1, beta2, epsilon }: AdamOptions,
): Partial<StepCoefficients> {
  return {
    step: learningRate / (1 - beta1 ** step),
    firstKeep: beta1,
    firstTake: 1 - beta1,
    secondKeep: beta2,
    secondTake: 1 - beta2,
    rootFactor: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
  };
}
