import { inverseFactor } from './inverse-factor.js';
import type { WeightProblem } from './weight-algorithm.js';

/** Share of the mean of M's diagonal that is added to it: directions that the data hardly show keep the weights they have. */
export const DAMPING = 0.01;

/**
 * The weights, not on any grid, that best give the float layer's outputs from the inputs that the layer really gets: W (C + dI) (M + dI)⁻¹, with M the mean of x xᵀ and C that of
 * x_float xᵀ. Distances of outputs are measured from it: |W x_float - V x|² is trace((V - T) M (V - T)ᵀ) and what no V changes.
 *
 * Source: Li et al., "GPTAQ: Efficient Finetuning-Free Quantization for Asymmetric Calibration", ICML 2025 (arXiv:2504.02692), section 3.
 */
export function reachableTarget({ rows, columns, data, second, cross }: WeightProblem): Float64Array {
  const target = Float64Array.from(data);
  if (!second || !cross) return target;
  const change = product(target, difference(cross, second), rows, columns);
  // W + W (C - M) (M + dI)⁻¹: the change alone, which vanishes where both streams agree. The inverse is Uᵀ U.
  const factor = inverseFactor(second, columns, DAMPING);
  const half = product(change, transposed(factor, columns), rows, columns);
  product(half, factor, rows, columns).forEach((value, i) => (target[i]! += value));
  return target;
}

const difference = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value - b[i]!);

/** A [rows, size] times B [size, size]. */
function product(a: Float64Array, b: Float64Array, rows: number, size: number): Float64Array {
  const out = new Float64Array(rows * size);
  for (let row = 0; row < rows; row++) {
    const line = out.subarray(row * size, (row + 1) * size);
    for (let p = 0; p < size; p++) {
      const factor = a[row * size + p]!;
      if (factor === 0) continue;
      const from = p * size;
      for (let j = 0; j < size; j++) line[j]! += factor * b[from + j]!;
    }
  }
  return out;
}

function transposed(matrix: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) out[j * size + i] = matrix[i * size + j]!;
  return out;
}
