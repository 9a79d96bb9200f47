import { FISHER_BLOCK, type InverseFisher } from '../gradients/inverse-fisher.js';

/**
 * The weights that stay make up, within each block of the Fisher information, for those that go: w - F⁻¹[:, P] (F⁻¹[P, P])⁻¹ w[P], P the ones of `kept` 0. A new array, and what the loss rises by to
 * second order, ½ w[P]ᵀ (F⁻¹[P, P])⁻¹ w[P]. In float64, |P|³ / 3 multiply-adds a block.
 *
 * Source: Singh and Alistarh, "WoodFisher" (arXiv:2004.14340), section 4; a block at once: Kurtic et al. (arXiv:2203.07259), equation 4.
 */
export function updateByFisher(
  data: Float32Array,
  kept: Uint8Array,
  fisher: InverseFisher,
): { data: Float32Array; loss: number } {
  const out = data.slice();
  let loss = 0;
  for (let first = 0; first < data.length; first += FISHER_BLOCK) {
    const end = Math.min(first + FISHER_BLOCK, data.length);
    const gone: number[] = [];
    for (let i = first; i < end; i++) if (kept[i] === 0) gone.push(i);
    const factors = solve(fisher, gone, data);
    gone.forEach((p, at) => (loss += 0.5 * data[p]! * factors[at]!));
    for (let i = first; i < end; i++) {
      let value = data[i]!;
      if (kept[i] === 0) value = 0;
      else gone.forEach((p, at) => (value -= fisher.between(i, p) * factors[at]!));
      out[i] = value;
    }
  }
  return { data: out, loss };
}

/** (F⁻¹[P, P])⁻¹ w[P] by Cholesky. */
function solve(fisher: InverseFisher, places: readonly number[], w: Float32Array): Float64Array {
  const n = places.length;
  const lower = new Float64Array(n * n);
  const x = Float64Array.from(places, (p) => w[p]!);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = fisher.between(places[i]!, places[j]!);
      for (let k = 0; k < j; k++) sum -= lower[i * n + k]! * lower[j * n + k]!;
      lower[i * n + j] = i === j ? Math.sqrt(sum) : sum / lower[j * n + j]!;
    }
    for (let k = 0; k < i; k++) x[i]! -= lower[i * n + k]! * x[k]!;
    x[i]! /= lower[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= lower[k * n + i]! * x[k]!;
    x[i]! /= lower[i * n + i]!;
  }
  return x;
}
