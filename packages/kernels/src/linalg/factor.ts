import { GossamerError } from '@gossamer/graph';
import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from '../native-call.js';
import { requireArray, requireInteger, requireLength } from '../require-array.js';

const WHAT = { cholesky: 0, inverse: 1, reverseCholesky: 2 } as const;

/** What `reverseCholeskyAsync` gives. */
export interface DampedFactor {
  /** R, [n, n] row-major, upper, zeros below: the damped matrix is R Rᵀ. */
  readonly r: Float64Array;
  /** What was added to the diagonal. */
  readonly lambda: number;
  /** How often lambda had to grow tenfold before the matrix was positive definite. */
  readonly raises: number;
}

export interface DampingOptions extends AsyncOptions {
  /** Added to the diagonal, as a share of the mean of its elements that are not 0; >= 0. Default: 0.01. */
  readonly damping?: number;
}

/** Where lambda begins to grow when no damping was asked for. */
const LEAST_DAMPING = 1e-8;
/** Beyond this share of the mean of the diagonal a matrix is not worth solving for. */
const MOST_DAMPING = 1e4;

interface Factored {
  readonly out: Float64Array;
  /** The row whose pivot was not positive, -1: none. */
  readonly failedAt: number;
}

function call(
  what: keyof typeof WHAT,
  matrix: Float64Array,
  n: number,
  lambda: number,
): NativeCall<'factorMatrix', Factored> {
  requireInteger('n', n, 0);
  requireArray('matrix', matrix, 'Float64Array');
  requireLength('matrix', matrix, n * n);
  const out = new Float64Array(n * n);
  const failedAt = new Float64Array(1);
  return {
    operation: 'factorMatrix',
    args: [WHAT[what], matrix, n, lambda, out, failedAt],
    finish: () => ({ out, failedAt: failedAt[0]! }),
  };
}

function notPositive(row: number, more = ''): GossamerError {
  return new GossamerError(
    'ERR_NOT_POSITIVE_DEFINITE',
    `matrix: expected a positive definite one, received one whose pivot in row ${row} is not positive${more}`,
  );
}

async function factor(what: 'cholesky' | 'inverse', matrix: Float64Array, n: number, options?: AsyncOptions) {
  const { out, failedAt } = await runCallAsync(call(what, matrix, n, 0), options);
  if (failedAt >= 0) throw notPositive(failedAt);
  return out;
}

/**
 * V, upper, of A = Vᵀ V, for a symmetric positive definite matrix [n, n] (row-major; its upper triangle is read). On the thread pool; the same
 * bits on every CPU and at every number of threads, as all of this file. Throws ERR_NOT_POSITIVE_DEFINITE.
 */
export async function choleskyAsync(matrix: Float64Array, n: number, options?: AsyncOptions): Promise<Float64Array> {
  return factor('cholesky', matrix, n, options);
}

/** The inverse of a symmetric positive definite matrix, all of it. Throws ERR_NOT_POSITIVE_DEFINITE. */
export function inverse(matrix: Float64Array, n: number): Float64Array {
  const { out, failedAt } = runCall(call('inverse', matrix, n, 0));
  if (failedAt >= 0) throw notPositive(failedAt);
  return out;
}

/** As `inverse`, on the thread pool. */
export async function inverseAsync(matrix: Float64Array, n: number, options?: AsyncOptions): Promise<Float64Array> {
  return factor('inverse', matrix, n, options);
}

/**
 * R, upper, of matrix + lambda I = R Rᵀ, factored from its end: what `solveColumnsAsync` works with. Its inverse U, for which (matrix + lambda I)⁻¹ is
 * Uᵀ U, is the factor of GPTQ. Columns that no input reaches (a diagonal element of 0) count as
 * 1. Where rounding or too few samples leave no positive definite matrix, lambda grows tenfold until there is one; throws
 * ERR_NOT_POSITIVE_DEFINITE when that takes more than 10^4 times the mean of the diagonal, or for NaN.
 *
 * Source: Frantar et al., GPTQ (arXiv:2210.17323), section 3.3, step 3.
 */
export async function reverseCholeskyAsync(
  matrix: Float64Array,
  n: number,
  options: DampingOptions = {},
): Promise<DampedFactor> {
  const { damping = 0.01 } = options;
  if (!(Number.isFinite(damping) && damping >= 0)) {
    throw new GossamerError('ERR_BAD_OPTION', `damping: expected a finite number >= 0, received ${damping}`);
  }
  const mean = liveMean(matrix, n);
  let share = damping;
  for (let raises = 0; ; raises++) {
    const lambda = share * mean;
    const { out, failedAt } = await runCallAsync(call('reverseCholesky', matrix, n, lambda), options);
    if (failedAt < 0) return { r: out, lambda, raises };
    share = share === 0 ? LEAST_DAMPING : share * 10;
    if (!(share <= MOST_DAMPING)) throw notPositive(failedAt, `, damped with ${lambda}`);
  }
}

/** The mean of the diagonal, without elements of 0. */
function liveMean(matrix: Float64Array, n: number): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < n; i++) {
    const value = matrix[i * n + i]!;
    sum += value;
    if (value !== 0) count++;
  }
  return count === 0 ? 1 : sum / count;
}

/** The columns of a second moment [n, n] from the one of largest to that of least energy: the order of act-order. Of equals the first. */
export function columnsByEnergy(moment: Float64Array, n: number): Int32Array {
  requireLength('moment', moment, n * n);
  const order = Array.from({ length: n }, (_, i) => i);
  return Int32Array.from(order.sort((i, j) => moment[j * n + j]! - moment[i * n + i]! || i - j));
}

/** Row and column order[i] of a matrix [n, n] as row and column i of a new one. */
export function permuteSymmetric(matrix: Float64Array, order: Int32Array): Float64Array {
  const n = order.length;
  requireLength('matrix', matrix, n * n);
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const from = order[i]! * n;
    for (let j = 0; j < n; j++) out[i * n + j] = matrix[from + order[j]!]!;
  }
  return out;
}
