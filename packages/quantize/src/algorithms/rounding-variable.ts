/** The interval that the sigmoid is stretched to before it is clipped. Source: Nagel et al. 2020, section 4.2, equation 23. */
export const STRETCH = { gamma: -0.1, zeta: 1.1 };

/** V such that h(V) = clip(sigmoid(V) (zeta - gamma) + gamma, 0, 1) is `fraction`. */
export function variableOf(fraction: number): number {
  return -Math.log((STRETCH.zeta - STRETCH.gamma) / (fraction - STRETCH.gamma) - 1);
}

/** h(V). */
export function rectifiedSigmoid(variable: number): number {
  const { gamma, zeta } = STRETCH;
  return Math.min(1, Math.max(0, (zeta - gamma) / (1 + Math.exp(-variable)) + gamma));
}

/** How the regulariser sum(1 - |2h - 1|^beta) goes through the iterations. */
export interface RoundingSchedule {
  /** Share of the iterations before which it is 0. */
  readonly warmUp: number;
  readonly first: number;
  readonly last: number;
}

/** Source: Nagel et al., "Up or Down? Adaptive Rounding for Post-Training Quantization", ICML 2020 (arXiv:2004.10568), and its code. */
export const ROUNDING_SCHEDULE: RoundingSchedule = { warmUp: 0.2, first: 20, last: 2 };

/** beta at `iteration` of `iterations`: from the first to the last by half a cosine; undefined in the warm-up. */
export function betaAt(iteration: number, iterations: number, schedule = ROUNDING_SCHEDULE): number | undefined {
  const begin = schedule.warmUp * iterations;
  if (iteration < begin) return undefined;
  const share = (iteration - begin) / (iterations - begin);
  return schedule.last + 0.5 * (schedule.first - schedule.last) * (1 + Math.cos(share * Math.PI));
}

/**
 * Adam for V: the paper's 10,000 iterations at 1e-3 in 1,000 to 2,000 at a larger rate, with a mean square that forgets the warm-up before the
 * regulariser has to move what it left in the middle.
 */
export const ROUNDING_OPTIMIZER = { learningRate: 0.03, beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };

/** What a weight that lies half way costs, where the error of round to nearest costs 1 a weight. */
export const ROUNDING_STRENGTH = 10;
