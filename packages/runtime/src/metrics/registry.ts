import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import { agreement } from './agreement.js';
import { calibrationError } from './calibration-error.js';
import { classError } from './class-error.js';
import { errorRate } from './error-rate.js';
import { meanSquaredError } from './mean-squared-error.js';
import type { Metric, MetricOptions } from './metric.js';
import { cosine, maxAbsError, outputDifference, sqnrDb } from './output-difference.js';
import { perplexity } from './perplexity.js';
import { topK } from './top-k.js';

/** Every metric, by name. */
export const METRICS = {
  top1: (options: MetricOptions) => topK('top1', 1, options),
  top5: (options: MetricOptions) => topK('top5', 5, options),
  'class-error': classError,
  ece: calibrationError,
  agreement,
  sqnr: (options: MetricOptions) => outputDifference('sqnr', 'higher', sqnrDb, options),
  cosine: (options: MetricOptions) => outputDifference('cosine', 'higher', cosine, options),
  'max-abs-error': (options: MetricOptions) => outputDifference('max-abs-error', 'lower', maxAbsError, options),
  perplexity,
  'mean-squared-error': meanSquaredError,
  cer: (options: MetricOptions) => errorRate('cer', options),
  wer: (options: MetricOptions) => errorRate('wer', options),
} as const satisfies Record<string, (options: MetricOptions) => Metric>;

export type MetricName = keyof typeof METRICS;

/** A fresh metric; throws ERR_METRIC for an unknown name, listing the known ones. */
export function createMetric(name: string, options: MetricOptions = {}): Metric {
  if (Object.hasOwn(METRICS, name)) return METRICS[name as MetricName](options);
  const names = Object.keys(METRICS).join(', ');
  throw new GossamerError<RuntimeErrorCode>('ERR_METRIC', `metric: expected one of ${names}, received ${name}`);
}
