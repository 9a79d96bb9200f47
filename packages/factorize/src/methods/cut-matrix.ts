import { multiplyMatrices, transposeMatrix } from '@gossamer/kernels';
import type { Candidate, Decomposition, LayerProblem, Stage } from './method.js';

/** Directions of the output, the most important first. */
export interface Directions {
  /** [count]: roots of the energies along them. */
  readonly values: Float64Array;
  /** [count, rows]: orthonormal rows, zeros where the value is 0. */
  readonly u: Float64Array;
}

/**
 * Cuts W to its first directions: W' = U_r U_rᵀ W, a projection of the output. With the singular vectors of W that is the truncated SVD; with those of W S,
 * S Sᵀ = X Xᵀ, SVD-LLM's U_r Σ_r V_rᵀ S⁻¹, without an inverse: U_rᵀ W S = Σ_r V_rᵀ. What is lost is the sum of the squares of the other values.
 */
export function cutMatrix(problem: LayerProblem, { values, u }: Directions): Decomposition {
  const { weight, rows, columns, view, elementBytes, ranksUpTo } = problem;
  const live = values.findIndex((value) => value === 0);
  const rest = remainders(values);
  const toCandidate = (rank: number): Candidate => ({
    ranks: [rank],
    bytes: rank * (rows + columns) * elementBytes,
    macs: rank * (rows + columns),
  });
  return {
    candidates: ranksUpTo(live < 0 ? values.length : live).map(toCandidate),
    failures: [],
    lost: ({ ranks: [rank] }) => rest[rank!]! / rest[0]!,
    factor: ({ ranks }) => {
      const rank = ranks[0]!;
      const across = u.slice(0, rank * rows);
      const prefix = multiplyMatrices(across, weight, rank, rows, columns);
      const last = transposeMatrix(across, rank, rows);
      balance(last, prefix, rank);
      const kernel = view.shape.slice(2);
      const isConv = kernel.length > 0 || view.op === 'Conv';
      const first: Stage = {
        weight: prefix,
        dims: isConv ? [rank, ...view.shape.slice(1)] : [rank, columns],
        group: 1,
        axes: kernel.map((_, axis) => axis),
      };
      const dims = [rows, rank, ...(isConv ? kernel.map(() => 1) : [])];
      return { stages: [first], last: { weight: last, dims, group: 1, axes: [] }, prefix };
    },
  };
}

/** Sums of squares from each place to the end, smallest first: [count + 1]. */
export function remainders(values: Float64Array): Float64Array {
  const rest = new Float64Array(values.length + 1);
  for (let i = values.length - 1; i >= 0; i--) rest[i] = rest[i + 1]! + values[i]! ** 2;
  return rest;
}

/** Gives column i of `last` [rows, rank] and row i of `prefix` [rank, columns] the same norm: neither overflows in float16 before the other. */
export function balance(last: Float64Array, prefix: Float64Array, rank: number): void {
  const [rows, columns] = [last.length / rank, prefix.length / rank];
  for (let p = 0; p < rank; p++) {
    let [left, right] = [0, 0];
    for (let i = 0; i < rows; i++) left += last[i * rank + p]! ** 2;
    for (let j = 0; j < columns; j++) right += prefix[p * columns + j]! ** 2;
    if (left === 0 || right === 0) continue;
    const factor = (right / left) ** 0.25;
    for (let i = 0; i < rows; i++) last[i * rank + p]! *= factor;
    for (let j = 0; j < columns; j++) prefix[p * columns + j]! /= factor;
  }
}
