import type { HistogramView, TensorStatistics } from '../statistics/tensor-statistics.js';
import { codeLimits, quantizationError } from './quantization-error.js';
import { type Calibrator, observedRange, type Range, type RangeOptions, requireHistogram } from './range.js';

/** Candidates whose error is computed exactly, after all were ranked by the estimate. */
const FINALISTS = 16;
/** Neighbours on the grid that the descent tries. */
const NEIGHBOURS = [-1, 0, 1].flatMap((low) => [-1, 0, 1].map((high) => [low, high] as const));

/**
 * The range with the least mean squared quantization error on a grid of lower and upper ends (symmetric: of limits). All candidates are
 * ranked by clipping error plus step^2 / 12; from the best of them by exact error (rounding as it will be done, on the histogram) a
 * descent on the grid goes on until no neighbour is better. It starts no worse than min-max, so the result never is.
 *
 * Source: the objective of Sakr et al., "Optimal Clipping and Magnitude-aware Differentiation" (OCTAV), ICML 2022, by search instead of
 * Newton steps.
 */
export const mse: Calibrator = {
  name: 'mse',
  needsHistogram: true,

  choose(statistics, options) {
    const histogram = requireHistogram('mse', statistics);
    const observed = observedRange(statistics, options.mapping);
    if (observed.max === observed.min) return observed;
    return new GridSearch(histogram, statistics, observed, options).best();
  },
};

/** Ends in grid steps: of `candidates`, which is the observed end. */
type Cell = readonly [low: number, high: number];

class GridSearch {
  readonly #steps: number;
  readonly #errors = new Map<string, number>();

  constructor(
    private readonly histogram: HistogramView,
    private readonly statistics: TensorStatistics,
    private readonly observed: Range,
    private readonly options: RangeOptions,
  ) {
    this.#steps = options.candidates ?? 64;
  }

  best(): Range {
    const moments = new Moments(this.histogram, this.statistics);
    const ranked = this.#cells()
      .map((cell) => ({ cell, estimate: moments.estimate(this.#range(cell), this.options) }))
      .sort((a, b) => a.estimate - b.estimate);
    let best = ranked
      .slice(0, FINALISTS)
      .reduce<Cell>(
        (least, { cell }) => (this.#error(cell) < this.#error(least) ? cell : least),
        [this.#steps, this.#steps],
      );
    for (;;) {
      const better = this.#neighbours(best).find((cell) => this.#error(cell) < this.#error(best));
      if (!better) return this.#range(best);
      best = better;
    }
  }

  #cells(): Cell[] {
    const ends = Array.from({ length: this.#steps }, (_, i) => i + 1);
    if (this.options.mapping === 'symmetric') return ends.map((end) => [end, end]);
    const lows = this.observed.min === 0 ? [this.#steps] : ends;
    const highs = this.observed.max === 0 ? [this.#steps] : ends;
    return lows.flatMap((low) => highs.map((high) => [low, high] as const));
  }

  #neighbours([low, high]: Cell): Cell[] {
    const inGrid = (end: number) => end >= 1 && end <= this.#steps;
    return NEIGHBOURS.map(([a, b]) => [low + a, high + b] as const).filter(
      ([a, b]) => inGrid(a) && inGrid(b) && (this.options.mapping !== 'symmetric' || a === b),
    );
  }

  #range([low, high]: Cell): Range {
    const { min, max } = this.observed;
    return { min: (min * low) / this.#steps + 0, max: (max * high) / this.#steps };
  }

  #error(cell: Cell): number {
    const key = cell.join();
    const known = this.#errors.get(key);
    if (known !== undefined) return known;
    const error = quantizationError(this.histogram, this.#range(cell), this.options, 2);
    this.#errors.set(key, error);
    return error;
  }
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
