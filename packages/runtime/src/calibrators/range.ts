import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { HistogramView, TensorStatistics } from '../statistics/tensor-statistics.js';

/** Real values that quantization represents: min <= 0 <= max. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

export interface RangeOptions {
  /** Which calibrator chooses. */
  readonly calibrator: string;
  /** Bits of a code. Default 8. */
  readonly bits?: number;
  /** symmetric: |min| = max. Default asymmetric. */
  readonly mapping?: 'symmetric' | 'asymmetric';
  /** percentile: share of values kept, in percent. Default 99.99. */
  readonly percentile?: number | undefined;
  /** entropy: levels that the quantized distribution is compared with. Default: the codes, 2^bits; symmetric, of magnitudes: 2^(bits - 1). */
  readonly levels?: number;
  /** mse: candidates on each side of 0. Default 64. */
  readonly candidates?: number;
}

/** Chooses a range from statistics. Pure: the same statistics give the same range. */
export interface Calibrator {
  readonly name: string;
  readonly needsHistogram: boolean;
  choose(statistics: TensorStatistics, options: RangeOptions): Range;
}

/** [min, max] of the statistics, 0 included; {0, 0} when nothing finite was seen. Symmetric: the larger side on both. */
export function observedRange(statistics: TensorStatistics, mapping: RangeOptions['mapping']): Range {
  const { min, max } = statistics;
  return withZero(min <= max ? { min, max } : { min: 0, max: 0 }, mapping);
}

/** Widens a range until it holds 0, and is its own mirror image when symmetric. */
export function withZero({ min, max }: Range, mapping: RangeOptions['mapping']): Range {
  if (mapping === 'symmetric') {
    const limit = Math.max(-min, max, 0);
    return { min: limit === 0 ? 0 : -limit, max: limit };
  }
  // `+ 0` turns -0 into 0.
  return { min: Math.min(min, 0) + 0, max: Math.max(max, 0) + 0 };
}

/** The part of `range` that values really reach: clipping beyond them would only make steps coarser. */
export function clampToObserved(range: Range, statistics: TensorStatistics, mapping: RangeOptions['mapping']): Range {
  const observed = observedRange(statistics, mapping);
  return { min: Math.max(range.min, observed.min) + 0, max: Math.min(range.max, observed.max) + 0 };
}

/** The histogram of the statistics; throws ERR_CALIBRATOR when they have none. */
export function requireHistogram(calibrator: string, { name, histogram }: TensorStatistics): HistogramView {
  if (histogram) return histogram;
  const text = `calibrator ${calibrator}: expected statistics of ${name} with a histogram, received none`;
  throw new GossamerError<RuntimeErrorCode>('ERR_CALIBRATOR', text);
}
