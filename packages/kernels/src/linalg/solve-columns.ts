import { GossamerError } from '@gossamer/graph';
import { type BlockOptions, schemeArguments } from '../block-scheme.js';
import { type AsyncOptions, type NativeCall, runCallAsync } from '../native-call.js';
import { requireArray, requireInteger, requireLength } from '../require-array.js';
import {
  type AffineSolverGrid,
  allocateCodes,
  gridArguments,
  NO_GRID,
  type SolverCodes,
  type SolverGrid,
} from './solver-grid.js';

/** Scales of a block found when its first column comes up, from the weights as the columns before have left them. */
export interface BlockFit extends Pick<BlockOptions, 'bits' | 'blockSize' | 'mapping' | 'range' | 'clip'> {
  /** quantMin 0, or -2^(bits - 1). One more where the lowest code stays unused. */
  readonly isSigned: boolean;
  /** [columns], >= 0: weighs the squared error of the clip search by column. Default: all alike. */
  readonly importance?: Float64Array;
}

/** Which weights become 0: given as 0 in `kept` [rows, columns], or chosen when a block of columns comes up. */
export type ColumnMask =
  | { readonly kind: 'given'; readonly kept: Uint8Array }
  /** floor(sparsity * elements) of each block of columns, over all rows, by least w^2 r_jj^2. SparseGPT's blockSize is 128. */
  | { readonly kind: 'share'; readonly sparsity: number; readonly blockSize: number }
  /** `keep` of every `blockSize` columns of a row stay (2:4: keep 2 of blockSize 4), of a shorter last block the same share, rounded up; the others go one by one, by what each costs with those before it gone. */
  | { readonly kind: 'groups'; readonly keep: number; readonly blockSize: number };

export interface ColumnProblem {
  /** [rows, columns], row-major. */
  readonly w: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** [columns, columns]: of `reverseCholeskyAsync`, of the second moment of the layer's inputs. */
  readonly r: Float64Array;
  /** The columns in the order in which they are fixed, that of the rows of `r` (`permuteSymmetric`). Grids and outputs keep the columns' own order. */
  readonly order?: Int32Array;
  /** `fit` instead: an affine grid whose scales are found on the way; not with `order`. Default of both: values are free, which only a mask needs. */
  readonly grid?: SolverGrid;
  readonly fit?: BlockFit;
  /** Default: all weights stay. With `fit` one of the two block sizes divides the other. */
  readonly mask?: ColumnMask;
}

export interface ColumnSolution {
  /** [rows, columns]: the values that the weights now have. */
  readonly weights: Float32Array;
  /** Of the grid; missing without one. A removed weight has the code nearest to 0. */
  readonly codes?: SolverCodes;
  /** The grid that `fit` found. */
  readonly grid?: AffineSolverGrid;
  /** [rows, columns], 0 where the weight was removed; missing without a mask. */
  readonly kept?: Uint8Array;
  /** [rows]: (w - weights) M (w - weights)ᵀ, M the damped second moment. */
  readonly losses: Float64Array;
}

const MASKS = { given: 1, share: 2, groups: 3 } as const;

/** mask kind, kept, blockSize, sparsity, keep */
type MaskArguments = [
  kind: 0 | 1 | 2 | 3,
  kept: Uint8Array | undefined,
  blockSize: number,
  share: number,
  keep: number,
];

function maskArguments({ mask, fit, w, order }: ColumnProblem): MaskArguments {
  if (mask === undefined) return [0, undefined, 1, 0, 0];
  if (mask.kind === 'given') {
    requireArray('mask.kept', mask.kept, 'Uint8Array');
    requireLength('mask.kept', mask.kept, w.length);
    return [MASKS.given, mask.kept, 1, 0, 0];
  }
  const { blockSize } = mask;
  requireInteger('mask.blockSize', blockSize, 1);
  if (fit !== undefined && blockSize % fit.blockSize !== 0 && fit.blockSize % blockSize !== 0) {
    throw new GossamerError(
      'ERR_BAD_OPTION',
      `mask.blockSize: expected a divisor or a multiple of fit.blockSize ${fit.blockSize}, received ${blockSize}`,
    );
  }
  if (mask.kind === 'groups') {
    requireInteger('mask.keep', mask.keep, 0, blockSize);
    if (order !== undefined) {
      throw new GossamerError(
        'ERR_BAD_OPTION',
        'order: expected none with a mask by groups, whose columns are neighbours',
      );
    }
    return [MASKS.groups, new Uint8Array(w.length), blockSize, 0, mask.keep];
  }
  if (!(mask.sparsity >= 0 && mask.sparsity <= 1)) {
    throw new GossamerError('ERR_BAD_OPTION', `mask.sparsity: expected a number in [0, 1], received ${mask.sparsity}`);
  }
  return [MASKS.share, new Uint8Array(w.length), blockSize, mask.sparsity, 0];
}

/** A grid of the fit's scheme, its scales not found yet. */
function emptyGrid(
  { rows, columns }: ColumnProblem,
  fit: BlockFit,
  quantMin: number,
  quantMax: number,
): AffineSolverGrid {
  const { blockSize } = fit;
  const blocks = rows * Math.ceil(columns / blockSize);
  const [scales, zeroPoints] = [new Float32Array(blocks), new Float32Array(blocks)];
  return { kind: 'affine', rows, columns, blockSize, scales, zeroPoints, quantMin, quantMax };
}

function requireProblem({ w, rows, columns, r, order, grid, fit }: ColumnProblem): void {
  requireArray('w', w, 'Float32Array');
  requireInteger('rows', rows, 0);
  requireInteger('columns', columns, 0);
  requireLength('w', w, rows * columns);
  requireArray('r', r, 'Float64Array');
  requireLength('r', r, columns * columns);
  if (order !== undefined) {
    requireArray('order', order, 'Int32Array');
    requireLength('order', order, columns);
  }
  if (fit === undefined) return;
  if (grid !== undefined || order !== undefined) {
    throw new GossamerError('ERR_BAD_OPTION', 'fit: expected no grid and no order beside it');
  }
  requireInteger('fit.blockSize', fit.blockSize, 1);
  if (fit.importance !== undefined) {
    requireArray('fit.importance', fit.importance, 'Float64Array');
    requireLength('fit.importance', fit.importance, columns);
  }
}

function call(problem: ColumnProblem): NativeCall<'solveColumns', ColumnSolution> {
  requireProblem(problem);
  const { w, rows, columns, r, order, fit } = problem;
  const mask = maskArguments(problem);
  const scheme =
    fit === undefined ? undefined : schemeArguments({ ...fit, n: rows, k: columns, layout: 'nk' }, fit.isSigned);
  const found = scheme === undefined ? undefined : emptyGrid(problem, fit!, scheme[1], scheme[2]);
  const grid = found ?? problem.grid;
  const codes = grid === undefined ? undefined : allocateCodes(grid, w.length);
  const weights = new Float32Array(w.length);
  const losses = new Float64Array(rows);
  const finish = (): ColumnSolution => {
    if (!losses.every(Number.isFinite)) {
      throw new GossamerError('ERR_NOT_FINITE', 'w, r: expected weights and a factor that lead to finite losses');
    }
    return {
      ...{ weights, losses },
      ...(codes === undefined ? {} : { codes }),
      ...(found === undefined ? {} : { grid: found }),
      ...(mask[1] === undefined ? {} : { kept: mask[1] }),
    };
  };
  const gridPart = found !== undefined ? ([1, found.blockSize, ...NO_GRID.slice(2)] as typeof NO_GRID) : undefined;
  const given = problem.grid === undefined ? NO_GRID : gridArguments(problem.grid, rows, columns);
  return {
    operation: 'solveColumns',
    args: [
      ...([w, rows, columns, r, order] as const),
      ...(gridPart ?? given),
      found !== undefined,
      ...(scheme ?? ([0, 0, 1, 0, 1, 1] as const)),
      ...([fit?.importance, found?.scales, found?.zeroPoints] as const),
      ...mask,
      ...([codes, weights, losses] as const),
    ],
    finish,
  };
}

/**
 * GPTQ, SparseGPT, or both at once: fixes the columns of a weight matrix one after the other, on a grid or to 0, and lets those that are left make
 * up for the error in the layer's output. On the thread pool, rows side by side. In float64, and every weight's sum in the order of the columns:
 * codes are those of a plain float64 implementation but where two values of the grid are equally near to its rounding, and the same on every CPU
 * and at every number of threads.
 *
 * Source: Frantar et al., GPTQ (arXiv:2210.17323); Frantar and Alistarh, SparseGPT (arXiv:2301.00774); without the inverse: Chee et al., QuIP
 * (arXiv:2307.13304), section 3.
 */
export async function solveColumnsAsync(problem: ColumnProblem, options?: AsyncOptions): Promise<ColumnSolution> {
  return runCallAsync(call(problem), options);
}
