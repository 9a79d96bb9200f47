import type { Interval } from '@gossamer/runtime';
import { seededRandom } from '../seeded-random.js';

const ROUNDS = 2000;

/** How much higher a perplexity is than another on the same windows, in percent. */
export interface PerplexityChange extends Interval {
  readonly percent: number;
}

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

export const perplexityOf = (losses: Float64Array): number => Math.exp(mean(losses));

/**
 * The rise of the perplexity from `before` to `after`, losses of the same windows of equal length, with a 95 % percentile-bootstrap interval over the
 * windows (paired, seeded).
 *
 * Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
 */
export function perplexityChange(before: Float64Array, after: Float64Array): PerplexityChange {
  const differences = after.map((loss, i) => loss - before[i]!);
  const percent = (difference: number) => 100 * Math.expm1(difference);
  const random = seededRandom(1);
  const means = Float64Array.from({ length: ROUNDS }, () => {
    let sum = 0;
    for (let i = 0; i < differences.length; i++) sum += differences[random.integer(differences.length)]!;
    return sum / differences.length;
  }).sort();
  return {
    percent: percent(mean(differences)),
    low: percent(means[Math.floor(0.025 * ROUNDS)]!),
    high: percent(means[Math.ceil(0.975 * ROUNDS) - 1]!),
  };
}
