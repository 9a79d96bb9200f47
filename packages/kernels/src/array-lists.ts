import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from './native-call.js';
import { requireArray, requireLength } from './require-array.js';
import { GossamerError } from '@gossamer/graph';
import type { KernelErrorCode } from './error-codes.js';

function requireArrays(name: string, arrays: readonly Float32Array[]): void {
  arrays.forEach((array, i) => requireArray(`${name}[${i}]`, array, 'Float32Array'));
}

function squaresCall(arrays: readonly Float32Array[]): NativeCall<'sumOfSquares', number> {
  requireArrays('arrays', arrays);
  const sum = new Float64Array(1);
  return { operation: 'sumOfSquares', args: [sum, ...arrays], finish: () => sum[0]! };
}

/**
 * Sum of the squares of all elements of all arrays: the square of their global norm. In float64 and a fixed order: the same bits on every
 * CPU and at every number of threads. NaN and infinities stay.
 */
export function sumOfSquares(arrays: readonly Float32Array[]): number {
  return runCall(squaresCall(arrays));
}

/** `sumOfSquares` on the thread pool. */
export async function sumOfSquaresAsync(arrays: readonly Float32Array[], options?: AsyncOptions): Promise<number> {
  return runCallAsync(squaresCall(arrays), options);
}

/** Multiplies every element of every array by `factor`, in place. */
export function scaleInPlace(arrays: readonly Float32Array[], factor: number): void {
  requireArrays('arrays', arrays);
  if (!Number.isFinite(factor)) {
    throw new GossamerError<KernelErrorCode>('ERR_BAD_OPTION', `factor: expected a finite number, received ${factor}`);
  }
  runCall({ operation: 'scaleInPlace', args: [factor, ...arrays], finish: () => undefined });
}

/** targets[i] += sources[i], element by element, in place: gradients of several batches. A target overlaps no other array of the call. */
export function addInto(targets: readonly Float32Array[], sources: readonly Float32Array[]): void {
  requireArrays('targets', targets);
  requireArrays('sources', sources);
  requireLength('sources', sources, targets.length);
  const args = targets.flatMap((target, i) => {
    requireLength(`sources[${i}]`, sources[i]!, target.length);
    return [target, sources[i]!];
  });
  runCall({ operation: 'addInto', args, finish: () => undefined });
}
