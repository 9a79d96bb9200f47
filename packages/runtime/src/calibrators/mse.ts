import type { HistogramView, TensorStatistics } from '../statistics/tensor-statistics.js';
import { type AffineParams, affineFromRange } from './affine-from-range.js';
import { type Calibrator, observedRange, type Range, type RangeOptions, requireHistogram } from './range.js';

/** Candidates whose error is computed exactly, after all were ranked by the estimate. */
const FINALISTS = 32;

/**
 * The range with the least mean squared quantization error: a grid of upper and lower ends (asymmetric: in two dimensions) is ranked by
 * clipping error plus step^2 / 12, and the best are measured exactly on the histogram, with rounding as it will be done. The range of all
 * values seen is among them, so the result is never worse than min-max.
 *
 * Source: the objective of Sakr et al., "Optimal Clipping and Magnitude-aware Differentiation" (OCTAV), ICML 2022, by grid instead of
 * Newton steps.
 */
export const mse: Calibrator = {
  name: 'mse',
  needsHistogram: true,

  choose(statistics, options) {
    const histogram = requireHistogram('mse', statistics);
    const observed = observedRange(statistics, options.mapping);
    if (observed.max === observed.min) return observed;
    const moments = new Moments(histogram, statistics);
    const ranked = candidates(observed, options)
      .map((range) => ({ range, estimate: moments.estimate(range, options) }))
      .sort((a, b) => a.estimate - b.estimate);
    let best = observed;
    let least = measure(histogram, observed, options);
    for (const { range } of ranked.slice(0, FINALISTS)) {
      const error = measure(histogram, range, options);
      if (error < least) {
        least = error;
        best = range;
      }
    }
    return best;
  },
};

function codeLimits({ bits = 8, mapping }: RangeOptions): { quantMin: number; quantMax: number } {
  const top = 2 ** (bits - 1) - 1;
  return mapping === 'symmetric' ? { quantMin: -top, quantMax: top } : { quantMin: 0, quantMax: 2 ** bits - 1 };
}

function candidates({ min, max }: Range, { mapping, candidates: count = 64 }: RangeOptions): Range[] {
  const ratios = Array.from({ length: count }, (_, i) => (i + 1) / count);
  if (mapping === 'symmetric') return ratios.map((ratio) => ({ min: min * ratio, max: max * ratio }));
  const lows = min === 0 ? [0] : ratios.map((ratio) => min * ratio);
  const highs = max === 0 ? [0] : ratios.map((ratio) => max * ratio);
  return lows.flatMap((low) => highs.map((high) => ({ min: low, max: high })));
}

/** Running sums of 1, x and x^2 over the bins, so that the clipping error of any range costs O(1). */
class Moments {
  readonly #zero: Float64Array;
  readonly #one: Float64Array;
  readonly #two: Float64Array;

  constructor(
    private readonly histogram: HistogramView,
    private readonly statistics: TensorStatistics,
  ) {
    const { bins, counts } = histogram;
    this.#zero = new Float64Array(bins + 1);
    this.#one = new Float64Array(bins + 1);
    this.#two = new Float64Array(bins + 1);
    for (let i = 0; i < bins; i++) {
      const x = this.#middle(i);
      this.#zero[i + 1] = this.#zero[i]! + counts[i]!;
      this.#one[i + 1] = this.#one[i]! + counts[i]! * x;
      this.#two[i + 1] = this.#two[i]! + counts[i]! * x * x;
    }
  }

  #middle(bin: number): number {
    const { bins, binWidth } = this.histogram;
    return Math.min(this.statistics.max, Math.max(this.statistics.min, (bin - bins / 2 + 0.5) * binWidth));
  }

  #edge(x: number): number {
    const { bins, binWidth } = this.histogram;
    return Math.min(bins, Math.max(0, Math.round(x / binWidth) + bins / 2));
  }

  /** sum (x - limit)^2 over the bins [from, to). */
  #clipped(from: number, to: number, limit: number): number {
    const n = this.#zero[to]! - this.#zero[from]!;
    const x = this.#one[to]! - this.#one[from]!;
    const xx = this.#two[to]! - this.#two[from]!;
    return xx - 2 * limit * x + limit * limit * n;
  }

  estimate({ min, max }: Range, options: RangeOptions): number {
    const { bins, zeroCount } = this.histogram;
    const { quantMin, quantMax } = codeLimits(options);
    const step = (max - min) / (quantMax - quantMin);
    const [low, high] = [this.#edge(min), this.#edge(max)];
    const inside = this.#zero[high]! - this.#zero[low]! - zeroCount;
    return this.#clipped(0, low, min) + this.#clipped(high, bins, max) + (inside * step * step) / 12;
  }
}

/** Sum of squared errors over the histogram, values at the middle of their bins, zeros exact. */
function measure(histogram: HistogramView, range: Range, options: RangeOptions): number {
  const limits = codeLimits(options);
  const params: AffineParams = affineFromRange(range, { ...limits, mapping: options.mapping ?? 'asymmetric' });
  const { bins, counts, binWidth, zeroCount } = histogram;
  let error = 0;
  for (let i = 0; i < bins; i++) {
    const count = counts[i]! - (i === bins / 2 ? zeroCount : 0);
    if (count === 0) continue;
    const x = (i - bins / 2 + 0.5) * binWidth;
    const code = Math.min(limits.quantMax, Math.max(limits.quantMin, Math.round(x / params.scale) + params.zeroPoint));
    const difference = (code - params.zeroPoint) * params.scale - x;
    error += count * difference * difference;
  }
  return error;
}
