import { GossamerError } from '@gossamer/graph';
import { type AsyncOptions, type NativeCall, runCallAsync } from '../native-call.js';
import { requireArray, requireInteger, requireLength } from '../require-array.js';
import { allocateCodes, gridArguments, NO_GRID, type SolverCodes, type SolverGrid } from './solver-grid.js';

/** Weights that stay: those that are not 0 in `kept` [rows, columns], or `keep` of every `blockSize` columns of a row (of a shorter last block the same share, rounded up). */
export type RowMask =
  | { readonly kind: 'given'; readonly kept: Uint8Array }
  | { readonly kind: 'groups'; readonly keep: number; readonly blockSize: number };

export interface RowProblem {
  /** [rows, columns], row-major. */
  readonly w: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** [columns, columns]: of `inverseAsync`, of the damped second moment of the layer's inputs. */
  readonly inverse: Float64Array;
  /** Default: none; weights are removed. */
  readonly grid?: SolverGrid;
  /** Which weight of a row is next: that of least loss, or the leftmost. Default: 'greedy'. */
  readonly order?: 'greedy' | 'columns';
  /** [rows]: how many weights of each row are removed, as far as `mask` lets them; not with a grid. Default: all, for the trace. */
  readonly counts?: Int32Array;
  /** Which weights may be removed; not with a grid. Default: all. */
  readonly mask?: RowMask;
}

export interface RowSolution {
  /** [rows, columns]: the values that the weights now have. */
  readonly weights: Float32Array;
  /** [rows, columns]; missing without a grid. */
  readonly codes?: SolverCodes;
  /** [rows, columns]: the column that each step of a row fixed, -1 behind the last. */
  readonly fixed: Int32Array;
  /** [rows, columns]: what each step added to (w - weights) M (w - weights)ᵀ, M the damped second moment; 0 behind the last. */
  readonly losses: Float64Array;
}

function call(problem: RowProblem): NativeCall<'solveRows', RowSolution> {
  const { w, rows, columns, inverse, grid, order = 'greedy', counts, mask } = problem;
  requireArray('w', w, 'Float32Array');
  requireInteger('rows', rows, 0);
  requireInteger('columns', columns, 0);
  requireLength('w', w, rows * columns);
  requireArray('inverse', inverse, 'Float64Array');
  requireLength('inverse', inverse, columns * columns);
  if (counts !== undefined) {
    requireArray('counts', counts, 'Int32Array');
    requireLength('counts', counts, rows);
    counts.forEach((count, row) => requireInteger(`counts[${row}]`, count, 0, columns));
    if (grid !== undefined) throw new GossamerError('ERR_BAD_OPTION', 'counts: expected none with a grid');
  }
  if (mask !== undefined && grid !== undefined)
    throw new GossamerError('ERR_BAD_OPTION', 'mask: expected none with a grid');
  const masked = maskArguments(mask, w.length);
  const given = grid === undefined ? NO_GRID : gridArguments(grid, rows, columns);
  const codes = grid === undefined ? undefined : allocateCodes(grid, w.length);
  const weights = new Float32Array(w.length);
  const fixed = new Int32Array(w.length);
  const losses = new Float64Array(w.length);
  return {
    operation: 'solveRows',
    args: [w, rows, columns, inverse, ...given, order === 'greedy', counts, codes, weights, fixed, losses, ...masked],
    finish: () => {
      if (!losses.every(Number.isFinite)) {
        throw new GossamerError(
          'ERR_NOT_FINITE',
          'w, inverse: expected weights and an inverse that lead to finite losses',
        );
      }
      return { ...{ weights, fixed, losses }, ...(codes === undefined ? {} : { codes }) };
    },
  };
}

function maskArguments(
  mask: RowMask | undefined,
  length: number,
): [kept: Uint8Array | undefined, blockSize: number, keep: number] {
  if (mask === undefined) return [undefined, 0, 0];
  if (mask.kind === 'given') {
    requireArray('mask.kept', mask.kept, 'Uint8Array');
    requireLength('mask.kept', mask.kept, length);
    return [mask.kept, 0, 0];
  }
  requireInteger('mask.blockSize', mask.blockSize, 1);
  requireInteger('mask.keep', mask.keep, 0, mask.blockSize);
  return [undefined, mask.blockSize, mask.keep];
}

/**
 * OBQ or ExactOBS: in each row, fixes again and again the weight that costs least, on the grid or to 0, and lets the others make up for it. On the
 * thread pool, rows side by side, in float64: columns^3 / 3 multiply-adds a row, exact where `solveColumnsAsync` keeps one order for all rows.
 * With a grid, a weight beyond its ends by more than half a step goes first.
 *
 * Source: Frantar, Singh and Alistarh, Optimal Brain Compression (arXiv:2208.11580).
 */
export async function solveRowsAsync(problem: RowProblem, options?: AsyncOptions): Promise<RowSolution> {
  return runCallAsync(call(problem), options);
}

/**
 * How many weights each row gives up so that `total` are removed at the least sum of losses, rows taken one step at a time along their traces
 * ([rows, columns], the `losses` of `solveRowsAsync`). Of equal losses the first row's goes first.
 *
 * Source: Optimal Brain Compression, section 4, "global step".
 */
export function shareRemovals(losses: Float64Array, rows: number, columns: number, total: number): Int32Array {
  requireLength('losses', losses, rows * columns);
  requireInteger('total', total, 0, rows * columns);
  // Losses along a trace may fall; what counts is a step that is as large as the largest before it.
  const steps = Array.from({ length: rows * columns }, (_, at) => at);
  const height = Float64Array.from(losses);
  for (let at = 1; at < height.length; at++) {
    if (at % columns !== 0) height[at] = Math.max(height[at]!, height[at - 1]!);
  }
  steps.sort((a, b) => height[a]! - height[b]! || a - b);
  const counts = new Int32Array(rows);
  for (const at of steps.slice(0, total)) counts[Math.floor(at / columns)]!++;
  return counts;
}
