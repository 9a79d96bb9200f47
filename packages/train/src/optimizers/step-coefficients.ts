/**
 * All that one step of any optimiser depends on beside the arrays, as the native kernel takes it
 * (native/kernels/optimizer_f32). Computed in double from options and step number, rounded to float32 once.
 */
export interface StepCoefficients {
  /** Of the gradient: clipping by a norm, means of accumulated gradients. Neutral: 1. */
  readonly gradientFactor: number;
  /** Times the weight, added to the gradient: coupled decay. Neutral: 0. */
  readonly l2: number;
  /** Of the weight: 1 - eta lambda where decay is decoupled. Neutral: 1. */
  readonly shrink: number;
  /** Of the direction: the learning rate, over the first moment's bias correction where the rule corrects it. */
  readonly step: number;
  /** Share of the first slot kept: momentum or beta1. Neutral: 0. */
  readonly firstKeep: number;
  /** Share of the gradient that enters the first slot. Neutral: 0. */
  readonly firstTake: number;
  /** Share of the mean square kept: beta2, RMSprop's alpha. Neutral: 0. */
  readonly secondKeep: number;
  /** 1 - secondKeep, formed in double: 1 - float32(0.999) would be off by 1e-5 of itself. Neutral: 0. */
  readonly secondTake: number;
  /** Of the root of the mean square: 1 / sqrt(1 - beta2^t) corrects its bias. Neutral: 1. */
  readonly rootFactor: number;
  /** Added to the root. Neutral: 0. */
  readonly epsilon: number;
  /** eta l1: what a weight's magnitude loses after the step (proximal L1). Neutral: 0. */
  readonly threshold: number;
}

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
