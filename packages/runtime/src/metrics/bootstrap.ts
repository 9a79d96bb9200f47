import { RandomStream } from '../data/random-values.js';
import { median, quantile } from './quantile.js';

/** A confidence interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * 95 % percentile-bootstrap interval of the median of `values`: `rounds` resamples with replacement, drawn from a seeded generator.
 *
 * Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
 */
export function bootstrapMedian(values: ArrayLike<number>, seed = 0, rounds = 2000): Interval {
  const stream = new RandomStream(seed, 'bootstrap');
  const medians = new Float64Array(rounds);
  const resample = new Float64Array(values.length);
  for (let round = 0; round < rounds; round++) {
    stream.integers(round, values.length, values.length, (pick, i) => (resample[i] = values[pick]!));
    medians[round] = median(resample);
  }
  medians.sort();
  return { low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}
