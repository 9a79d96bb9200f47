import { GossamerError } from '@gossamer/graph';
import { type AsyncOptions, type NativeCall, runCallAsync } from '../native-call.js';
import { requireArray, requireInteger, requireLength } from '../require-array.js';

export interface RefineProblem {
  /** [rows, columns], row-major: what was. */
  readonly w: Float32Array;
  /** [rows, columns]: what it became. Not changed. */
  readonly weights: Float32Array;
  /** [rows, columns], 0: stays as it is in `weights`. */
  readonly kept: Uint8Array;
  readonly rows: number;
  readonly columns: number;
  /** [columns, columns]: the damped second moment of the layer's inputs (`dampedMoment`), symmetric, its diagonal above 0. */
  readonly moment: Float64Array;
  /** Passes over the columns, >= 0. */
  readonly sweeps: number;
}

export interface RefinedRows {
  /** [rows, columns] */
  readonly weights: Float32Array;
  /** [rows]: (w - weights) M (w - weights)ᵀ */
  readonly losses: Float64Array;
}

function call({
  w,
  weights,
  kept,
  rows,
  columns,
  moment,
  sweeps,
}: RefineProblem): NativeCall<'refineRows', RefinedRows> {
  requireInteger('rows', rows, 0);
  requireInteger('columns', columns, 0);
  for (const [name, array] of Object.entries({ w, weights })) {
    requireArray(name, array, 'Float32Array');
    requireLength(name, array, rows * columns);
  }
  requireArray('kept', kept, 'Uint8Array');
  requireLength('kept', kept, rows * columns);
  requireArray('moment', moment, 'Float64Array');
  requireLength('moment', moment, columns * columns);
  requireInteger('sweeps', sweeps, 0);
  const refined = weights.slice();
  const losses = new Float64Array(rows);
  return {
    operation: 'refineRows',
    args: [w, rows, columns, moment, kept, sweeps, refined, losses],
    finish: () => {
      if (!losses.every(Number.isFinite)) {
        throw new GossamerError(
          'ERR_NOT_FINITE',
          'w, moment: expected weights and a moment that lead to finite losses',
        );
      }
      return { weights: refined, losses };
    },
  };
}

/**
 * Brings weights that stay in a pruned layer nearer to least squares: a sweep sets each of them, from left to right, to what is least for (w - weights) M (w - weights)ᵀ with the others as they are. No sweep raises the loss; the limit
 * is the least squares solution. On the thread pool, in float64: rows * columns² multiply-adds a sweep. The same bits on every CPU and at every number of threads.
 *
 * Source: Gauss-Seidel on the normal equations (Golub and Van Loan, Matrix Computations, section 11.2), for the exact reconstruction of Frantar and Alistarh, "SparseGPT" (arXiv:2301.00774), section 3.2.
 */
export async function refineRowsAsync(problem: RefineProblem, options?: AsyncOptions): Promise<RefinedRows> {
  return runCallAsync(call(problem), options);
}
