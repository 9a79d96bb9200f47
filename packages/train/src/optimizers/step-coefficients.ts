import type { OptimizerCoefficients } from '@gossamer/kernels';

/** What one step of any optimiser depends on beside the arrays, in double: the kernel's coefficients. */
export type StepCoefficients = OptimizerCoefficients;

/** Coefficients of a rule that reads none. */
export const NEUTRAL_COEFFICIENTS: StepCoefficients = {
  gradientFactor: 1,
  l2: 0,
  shrink: 1,
  step: 0,
  firstKeep: 0,
  firstTake: 0,
  secondKeep: 0,
  secondTake: 0,
  rootFactor: 1,
  epsilon: 0,
  threshold: 0,
};
