import { followInputsAsync } from '@gossamer/kernels';
import { dampedFactor } from './damped-factor.js';
import type { WeightProblem } from './weight-algorithm.js';

const found = new WeakMap<WeightProblem, Promise<Float32Array>>();

/**
 * The weights, not on any grid, that best give the float layer's outputs from the inputs that the layer really gets: W + W (C - M) (M + dI)⁻¹, with M the mean of x xᵀ and C that of
 * x_float xᵀ; [rows, columns]. Distances of outputs are measured from it: |W x_float - V x|² is trace((V - T) M (V - T)ᵀ) and what no V changes. Found once for a problem.
 *
 * Source: Li et al., "GPTAQ: Efficient Finetuning-Free Quantization for Asymmetric Calibration", ICML 2025 (arXiv:2504.02692), section 3.
 */
export async function reachableTarget(problem: WeightProblem): Promise<Float32Array> {
  const known = found.get(problem) ?? find(problem);
  found.set(problem, known);
  return known;
}

async function find({ rows, columns, data, second, cross, signal }: WeightProblem): Promise<Float32Array> {
  // Inputs that did not drift have one moment for both.
  if (!second || !cross || cross === second) return data;
  const { r } = await dampedFactor(second, columns, signal);
  return followInputsAsync({ w: data, rows, columns, second, cross, r }, signal ? { signal } : {});
}
