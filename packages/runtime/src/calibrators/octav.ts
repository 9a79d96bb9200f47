import type { HistogramView, TensorStatistics } from '../statistics/tensor-statistics.js';
import { codeLimits } from './quantization-error.js';
import { type Calibrator, clampToObserved, observedRange, type Range, requireHistogram } from './range.js';

/** Steps after which Newton's method stands still: it converges in about ten. */
const MOST_STEPS = 50;

/**
 * OCTAV: the range where clipping error and rounding noise (step² / 12 a value) together are least, by Newton's method from the mean magnitude of each side. Each end is where the
 * derivative of the sum vanishes: high = (sum x [x > high] + c n low) / (n[x > high] + c n), n the values inside, c = 1 / (12 steps²), and low alike; symmetric, on magnitudes. Zeros are
 * exact and count nowhere; a side without values stays at 0. Every value stands at the middle of its bin.
 *
 * Source: Sakr et al., "Optimal Clipping and Magnitude-aware Differentiation for Improved Quantization-aware Training", ICML 2022 (arXiv:2206.06501), equation 6, there for symmetric ranges.
 */
export const octav: Calibrator = {
  name: 'octav',
  needsHistogram: true,

  choose(statistics, options) {
    const histogram = requireHistogram('octav', statistics);
    const { mapping } = options;
    const observed = observedRange(statistics, mapping);
    if (observed.max === observed.min) return observed;
    const { quantMin, quantMax } = codeLimits(options);
    const noise = 1 / (12 * (quantMax - quantMin) ** 2);
    let range = meanMagnitudes(histogram, statistics);
    if (mapping === 'symmetric') range = mirror(Math.max(-range.min, range.max));
    range = clampToObserved(range, statistics, mapping);
    for (let step = 0; step < MOST_STEPS; step++) {
      const tails = tailsOf(histogram, range);
      const next = mapping === 'symmetric' ? mirror(symmetricEnd(tails, noise)) : bothEnds(tails, noise);
      if (next.min === range.min && next.max === range.max) break;
      range = clampToObserved(next, statistics, mapping);
    }
    return range;
  },
};

const mirror = (limit: number): Range => ({ min: -limit, max: limit });

/** Of a range: values beyond each end and their sums of magnitudes, and values inside that are not 0. */
interface Tails {
  readonly low: { readonly count: number; readonly sum: number };
  readonly high: { readonly count: number; readonly sum: number };
  readonly inside: number;
  readonly range: Range;
}

function eachBin({ bins, counts, binWidth, zeroCount }: HistogramView, visit: (x: number, count: number) => void) {
  for (let i = 0; i < bins; i++) {
    const count = counts[i]! - (i === bins / 2 ? zeroCount : 0);
    if (count > 0) visit((i - bins / 2 + 0.5) * binWidth, count);
  }
}

function meanMagnitudes(histogram: HistogramView, { min, max }: TensorStatistics): Range {
  let [below, low, above, high] = [0, 0, 0, 0];
  eachBin(histogram, (x, count) => {
    if (x < 0) [below, low] = [below + count, low + count * x];
    else [above, high] = [above + count, high + count * x];
  });
  return { min: min < 0 && below > 0 ? low / below : 0, max: max > 0 && above > 0 ? high / above : 0 };
}

function tailsOf(histogram: HistogramView, range: Range): Tails {
  let [below, low, above, high, inside] = [0, 0, 0, 0, 0];
  eachBin(histogram, (x, count) => {
    if (x < range.min) [below, low] = [below + count, low - count * x];
    else if (x > range.max) [above, high] = [above + count, high + count * x];
    else inside += count;
  });
  return { low: { count: below, sum: low }, high: { count: above, sum: high }, inside, range };
}

function symmetricEnd({ low, high, inside, range }: Tails, noise: number): number {
  const count = low.count + high.count;
  return count === 0 ? range.max : (low.sum + high.sum) / (4 * noise * inside + count);
}

/** Both derivatives are linear in the ends: high (h + d) + size d = sum of high, high d + size (l + d) = sum of low, d = noise n, size = -low. */
function bothEnds({ low, high, inside, range }: Tails, noise: number): Range {
  const d = noise * inside;
  const [h, l] = [high.count + d, low.count + d];
  // A side on which nothing lies beyond stays where it is.
  if (high.count === 0 && low.count === 0) return range;
  if (low.count === 0) return { min: range.min, max: (high.sum + d * range.min) / h };
  if (high.count === 0) return { min: -(low.sum - d * range.max) / l, max: range.max };
  const determinant = h * l - d * d;
  return { min: -(low.sum * h - high.sum * d) / determinant, max: (high.sum * l - low.sum * d) / determinant };
}
