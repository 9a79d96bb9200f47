import { axisView } from '@gossamer/kernels';
import { roundHalfEven } from '@gossamer/graph';
import { weightLimits } from './grids.js';

/** Scales tried for a slice: parts of the one that reaches its largest magnitude. */
const CANDIDATES = 50;
const LEAST_PART = 0.1;

/** A slice of zeros has no scale of its own. */
const NO_SCALE = 2 ** -20;

/**
 * The scale of each slice of `axis` (undefined: of the tensor) for which codes of `bits` lose least: the least squared error of 50 candidates from a
 * tenth of max |w| / 2^(bits - 1) up to max |w| / (2^(bits - 1) - 1). O(50 n).
 *
 * Source: the initialisation of Bhalgat et al., "LSQ+", CVPR workshops 2020 (arXiv:2004.09576), section 3.3, by search.
 */
export function fitWeightScales(
  data: Float32Array,
  shape: readonly number[],
  axis: number | undefined,
  bits: number,
): Float32Array {
  const view = axis === undefined ? { outer: 1, axis: 1, inner: data.length } : axisView(shape, axis);
  const slice = new Float32Array(view.outer * view.inner);
  return Float32Array.from({ length: view.axis }, (_, channel) => {
    for (let outer = 0; outer < view.outer; outer++) {
      const first = (outer * view.axis + channel) * view.inner;
      slice.set(data.subarray(first, first + view.inner), outer * view.inner);
    }
    return bestScale(slice, bits);
  });
}

function bestScale(slice: Float32Array, bits: number): number {
  const { quantMin, quantMax } = weightLimits(bits);
  const largest = slice.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (largest === 0) return NO_SCALE;
  const [low, high] = [(LEAST_PART * largest) / -quantMin, largest / quantMax];
  let best = { scale: high, error: Infinity };
  for (let i = 0; i < CANDIDATES; i++) {
    const scale = Math.fround(low + ((high - low) * i) / (CANDIDATES - 1));
    let error = 0;
    for (const x of slice) {
      const code = Math.max(quantMin, Math.min(quantMax, roundHalfEven(x / scale)));
      error += (x - code * scale) ** 2;
    }
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}
