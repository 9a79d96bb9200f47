import type { ScaleBlock } from './scale-block.js';

/** Steps after which Newton's method stands still: it converges in about ten. */
const MOST_STEPS = 50;

/**
 * Where to clip magnitudes so that clipping error and rounding noise (steps of 2 a / 2^bits: a² 4^-bits / 3 a value) together are least, by Newton's method from the mean magnitude:
 * a <- sum |x| [|x| > a] / (4^-bits / 3 n[0 < |x| <= a] + n[|x| > a]), n and sums weighted by importance. Zeros are exact and count nowhere. At most the largest magnitude; 0 where all
 * are 0. O(values) a step.
 *
 * Source: Sakr et al., "Optimal Clipping and Magnitude-aware Differentiation for Improved Quantization-aware Training", ICML 2022 (arXiv:2206.06501), equation 6.
 */
export function octavLimit({ values, importance }: ScaleBlock, bits: number): number {
  let [largest, total, mass] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const size = values[i]! < 0 ? -values[i]! : values[i]!;
    const weight = importance ? importance[i]! : 1;
    if (size > largest) largest = size;
    total += weight * size;
    if (size > 0) mass += weight;
  }
  if (!(mass > 0)) return largest;
  const noise = 4 ** -bits / 3;
  let limit = total / mass;
  for (let step = 0; step < MOST_STEPS; step++) {
    let [beyond, outside] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      const size = values[i]! < 0 ? -values[i]! : values[i]!;
      if (size <= limit) continue;
      const weight = importance ? importance[i]! : 1;
      beyond += weight * size;
      outside += weight;
    }
    const next = beyond / (noise * (mass - outside) + outside);
    // Nothing lies beyond a limit that covers all: it has gone too far.
    if (!(next > 0) || next >= largest) return largest;
    if (next === limit) break;
    limit = next;
  }
  return limit;
}
