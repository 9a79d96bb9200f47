import { badOption } from '../bad-option.js';
import { requireShare } from '../require-share.js';
import type { Criterion } from './criterion.js';
import type { Threshold } from './threshold-limit.js';

/**
 * |w| over the threshold of its layer: what is below 1 goes, however much that is (`thresholdShares` tells first). An absolute threshold means something else in each net: 0.1 takes nearly all of BERT.
 *
 * Source of the multiple of the standard deviation: Han et al. (arXiv:1506.02626), section 3.3.
 */
export const threshold: Criterion = {
  name: 'threshold',
  needs: 'nothing',
  isGlobal: true,
  cut: 1,
  score({ data, threshold: chosen }) {
    if (!chosen) throw new Error('threshold: expected a threshold, received none');
    const limit = thresholdOf(data, chosen);
    return Float64Array.from(data, (w) => (limit > 0 ? Math.abs(w) / limit : 1));
  },
};

/** The |w| below which weights of a layer go. */
export function thresholdOf(data: Float32Array, chosen: Threshold): number {
  if ('absolute' in chosen) return chosen.absolute;
  if ('quantile' in chosen) {
    const sizes = Float64Array.from(data, Math.abs).sort();
    // The first that stays.
    return sizes[Math.floor(chosen.quantile * sizes.length)] ?? 0;
  }
  const mean = data.reduce((sum, w) => sum + w, 0) / data.length;
  return chosen.sigma * Math.sqrt(data.reduce((sum, w) => sum + (w - mean) ** 2, 0) / data.length);
}

/** Throws ERR_PRUNE_OPTION unless exactly one kind is given, a positive number, a quantile below 1. */
export function requireThreshold(chosen: Threshold | undefined): Threshold {
  const [entry, more] = Object.entries(chosen ?? {}) as [string, unknown][];
  if (!entry || more || !['absolute', 'sigma', 'quantile'].includes(entry[0]))
    badOption('threshold', '{ absolute }, { sigma } or { quantile }', JSON.stringify(chosen) ?? 'none');
  const [kind, value] = entry;
  if (kind === 'quantile') requireShare('threshold.quantile', value as number, 0, 1);
  else if (!(Number.isFinite(value) && (value as number) > 0))
    badOption(`threshold.${kind}`, 'a finite number above 0', value);
  return chosen!;
}
