/** Terms of either expansion; on their sides of the crossover both have converged by then. */
const MOST_TERMS = 60;
/** Below it the series of erf is exact enough, above it the continued fraction of erfc converges fast. */
const CROSSOVER = 2;

/** erfc(x) for x >= 0, to 1e-13 of itself. Source: Abramowitz and Stegun, 7.1.6 and 7.1.14. */
function erfcPositive(x: number): number {
  if (x < CROSSOVER) {
    let term = x;
    let sum = x;
    for (let n = 1; n < MOST_TERMS && term > sum * 1e-17; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let n = MOST_TERMS; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

/** Share of the standard normal distribution below `z`. */
export function normalCdf(z: number): number {
  const tail = erfcPositive(Math.abs(z) / Math.SQRT2) / 2;
  return z < 0 ? tail : 1 - tail;
}

/** log of the density of the standard normal distribution. */
export const normalLogDensity = (z: number): number => -(z * z) / 2 - Math.log(2 * Math.PI) / 2;
