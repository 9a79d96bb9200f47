import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { HistogramView } from '../statistics/tensor-statistics.js';
import { type Calibrator, clampToObserved, requireHistogram, withZero } from './range.js';

/**
 * The share `percentile` of the values. Symmetric: of their magnitudes. Asymmetric: what is cut off is cut in equal parts at both ends
 * (as onnxruntime's PercentileCalibrater), so a ReLU's output loses half of it at the top. Exact to a bin, linear inside it.
 */
export const percentile: Calibrator = {
  name: 'percentile',
  needsHistogram: true,

  choose(statistics, options) {
    const histogram = requireHistogram('percentile', statistics);
    const { mapping, percentile: percent = 99.99 } = options;
    if (!(percent > 0 && percent <= 100)) {
      const text = `percentile: expected a number in (0, 100], received ${percent}`;
      throw new GossamerError<RuntimeErrorCode>('ERR_CALIBRATOR', text);
    }
    const cut = 1 - percent / 100;
    const range =
      mapping === 'symmetric'
        ? mirror(magnitudeQuantile(histogram, 1 - cut))
        : { min: signedQuantile(histogram, cut / 2), max: signedQuantile(histogram, 1 - cut / 2) };
    return clampToObserved(withZero(range, mapping), statistics, mapping);
  },
};

const mirror = (limit: number) => ({ min: -limit, max: limit });

/** The value below which the share `q` lies. */
function signedQuantile({ counts, bins, binWidth, total }: HistogramView, q: number): number {
  const target = q * total;
  let below = 0;
  for (let i = 0; i < bins; i++) {
    const count = counts[i]!;
    if (below + count >= target && count > 0) return (i - bins / 2 + (target - below) / count) * binWidth;
    below += count;
  }
  return (bins / 2) * binWidth;
}

/** The magnitude below which the share `q` lies. */
function magnitudeQuantile({ counts, bins, binWidth, total }: HistogramView, q: number): number {
  const target = q * total;
  const half = bins / 2;
  let below = 0;
  for (let m = 0; m < half; m++) {
    const count = counts[half + m]! + counts[half - 1 - m]!;
    if (below + count >= target && count > 0) return (m + (target - below) / count) * binWidth;
    below += count;
  }
  return half * binWidth;
}
