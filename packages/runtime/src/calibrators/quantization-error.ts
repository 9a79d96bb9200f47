import type { HistogramView } from '../statistics/tensor-statistics.js';
import { type AffineParams, affineFromRange } from './affine-from-range.js';
import type { Range, RangeOptions } from './range.js';

/** Smallest and largest code of `bits` bits. */
export function codeLimits({ bits = 8, mapping }: RangeOptions): { quantMin: number; quantMax: number } {
  const top = 2 ** (bits - 1) - 1;
  return mapping === 'symmetric' ? { quantMin: -top, quantMax: top } : { quantMin: 0, quantMax: 2 ** bits - 1 };
}

/** Sum of |error|^power over the histogram, values at the middle of their bins, zeros exact. */
export function quantizationError(histogram: HistogramView, range: Range, options: RangeOptions, power: 1 | 2): number {
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
    error += count * (power === 2 ? difference * difference : Math.abs(difference));
  }
  return error;
}
