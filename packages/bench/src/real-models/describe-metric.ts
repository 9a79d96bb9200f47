import type { MetricResult } from '@gossamer/runtime';

/** A metric as people read it: errors of 10,000 for top1, percent for rates, decibels for ratios. */
export function describeMetric({ metric, value, samples }: MetricResult): string {
  if (metric === 'top1') return `${errorsOf({ value, samples })} errors of ${samples}`;
  if (metric === 'cer') return `CER ${(100 * value).toFixed(2)} %`;
  if (metric === 'agreement') return `${(100 * value).toFixed(2)} % agree`;
  if (metric === 'perplexity') return `perplexity ${value.toFixed(4)}`;
  if (metric === 'sqnr') return `SQNR ${value.toFixed(1)} dB`;
  if (metric === 'max-abs-error') return `max error ${value.toPrecision(2)}`;
  return `${metric} ${value.toFixed(4)}`;
}

/** Wrong samples of a top-1 result. */
export function errorsOf({ value, samples }: Pick<MetricResult, 'value' | 'samples'>): number {
  return Math.round((1 - value) * samples);
}
