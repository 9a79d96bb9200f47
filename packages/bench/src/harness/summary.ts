import { bootstrapMedian, median, quantile } from '@gossamer/runtime';

/** What is kept of the samples of one figure. */
export interface Summary {
  readonly median: number;
  /** 95 % bootstrap interval of the median. */
  readonly low: number;
  readonly high: number;
  readonly min: number;
  readonly p95: number;
  /** Samples. */
  readonly n: number;
}

/** A ratio with its 95 % interval. */
export interface RatioInterval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Summarises samples in any order; at least one. */
export function summarise(samples: readonly number[], seed = 0): Summary {
  const sorted = Float64Array.from(samples).sort();
  return {
    median: round(quantile(sorted, 0.5)),
    ...rounded(bootstrapMedian(samples, seed)),
    min: round(sorted[0]!),
    p95: round(quantile(sorted, 0.95)),
    n: samples.length,
  };
}

/**
 * The median of the ratios peer / subject, pair by pair (above 1: the subject is faster), with its 95 % bootstrap interval. What else the
 * machine does hits both samples of a pair alike.
 */
export function pairedRatio(peer: readonly number[], subject: readonly number[], seed = 0): RatioInterval {
  const ratios = peer.map((time, i) => time / subject[i]!);
  return { ratio: round(median(ratios)), ...rounded(bootstrapMedian(ratios, seed)) };
}

const rounded = ({ low, high }: { low: number; high: number }) => ({ low: round(low), high: round(high) });

/** Five significant digits: no timing holds more. */
export function round(value: number): number {
  return Number(value.toPrecision(5));
}
