import { inverseAsync } from '@gossamer/kernels';
import { dampedMoment } from './damped-moment.js';
import { multiply } from './multiply.js';
import type { WeightProblem } from './weight-algorithm.js';

/** Share of the mean of M's diagonal that is added to it: directions that the data hardly show keep the weights they have. */
export const DAMPING = 0.01;

/**
 * The weights, not on any grid, that best give the float layer's outputs from the inputs that the layer really gets: W (C + dI) (M + dI)⁻¹, with M the mean of x xᵀ and C that of
 * x_float xᵀ; [rows, columns]. Distances of outputs are measured from it: |W x_float - V x|² is trace((V - T) M (V - T)ᵀ) and what no V changes.
 *
 * Source: Li et al., "GPTAQ: Efficient Finetuning-Free Quantization for Asymmetric Calibration", ICML 2025 (arXiv:2504.02692), section 3.
 */
export async function reachableTarget(problem: WeightProblem): Promise<Float32Array> {
  const { rows, columns, data, second, cross, signal } = problem;
  if (!second || !cross) return data;
  const drift = cross.map((value, i) => value - second[i]!);
  if (drift.every((value) => value === 0)) return data;
  const options = signal ? { signal } : {};
  const damped = dampedMoment(second, columns, DAMPING);
  const inverse = Float32Array.from(await inverseAsync(damped, columns, options));
  // W + W (C - M) (M + dI)⁻¹: the change alone, which vanishes where both streams agree.
  const change = Float32Array.from(await multiply(drift, inverse, columns, columns, options));
  const moved = await multiply(data, change, rows, columns, options);
  return data.map((value, i) => value + moved[i]!);
}
