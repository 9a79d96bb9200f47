import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from './native-call.js';
import { requireArray, requireLength } from './require-array.js';

/** Sums over pairs of a reference and an actual value; pairs with NaN or an infinity are left out and counted. */
export interface ErrorStats {
  /** Pairs that took part. */
  readonly count: number;
  /** Sum of (reference - actual)^2. */
  readonly sumSquaredError: number;
  readonly sumSquaredReference: number;
  readonly sumSquaredActual: number;
  /** Sum of reference * actual. */
  readonly dot: number;
  /** Largest |reference - actual|. */
  readonly maxAbsError: number;
  /** Pairs left out. */
  readonly nonFiniteCount: number;
}

function call(reference: Float32Array, actual: Float32Array): NativeCall<'errorStats', ErrorStats> {
  requireArray('reference', reference, 'Float32Array');
  requireArray('actual', actual, 'Float32Array');
  requireLength('actual', actual, reference.length);
  const sums = new Float64Array(6);
  const finish = (): ErrorStats => ({
    count: reference.length - sums[5]!,
    sumSquaredError: sums[0]!,
    sumSquaredReference: sums[1]!,
    sumSquaredActual: sums[2]!,
    dot: sums[3]!,
    maxAbsError: sums[4]!,
    nonFiniteCount: sums[5]!,
  });
  return { operation: 'errorStats', args: [reference, actual, sums], finish };
}

/**
 * The sums behind SQNR (10 log10(sumSquaredReference / sumSquaredError)), cosine similarity and mean squared error.
 *
 * In float64 and a fixed order: the same bits on every CPU and at every number of threads.
 */
export function errorStats(reference: Float32Array, actual: Float32Array): ErrorStats {
  return runCall(call(reference, actual));
}

/** `errorStats` on the thread pool. */
export async function errorStatsAsync(
  reference: Float32Array,
  actual: Float32Array,
  options?: AsyncOptions,
): Promise<ErrorStats> {
  return runCallAsync(call(reference, actual), options);
}
