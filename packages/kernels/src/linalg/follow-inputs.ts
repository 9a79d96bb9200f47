import { type AsyncOptions, type NativeCall, runCallAsync } from '../native-call.js';
import { requireArray, requireInteger, requireLength } from '../require-array.js';

/** A layer whose inputs have drifted. */
export interface DriftProblem {
  /** [rows, columns], row-major. */
  readonly w: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Mean of x xᵀ, [columns, columns]. */
  readonly second: Float64Array;
  /** Mean of x_float xᵀ. */
  readonly cross: Float64Array;
  /** Of `reverseCholeskyAsync` of `second`. */
  readonly r: Float64Array;
}

function call({ w, rows, columns, second, cross, r }: DriftProblem): NativeCall<'followInputs', Float32Array> {
  requireArray('w', w, 'Float32Array');
  requireInteger('rows', rows, 0);
  requireInteger('columns', columns, 0);
  requireLength('w', w, rows * columns);
  for (const [name, matrix] of Object.entries({ second, cross, r })) {
    requireArray(name, matrix, 'Float64Array');
    requireLength(name, matrix, columns * columns);
  }
  const out = new Float32Array(w.length);
  return { operation: 'followInputs', args: [w, rows, columns, second, cross, r, out], finish: () => out };
}

/**
 * w + w (cross - second) (r rᵀ)⁻¹: the weights that from the inputs x come nearest, in the damped squared error, to what w makes of the inputs x_float.
 * In float64 on the thread pool; the same bits on every CPU and at every number of threads.
 *
 * Source: Li et al., GPTAQ (arXiv:2504.02692), section 3.
 */
export async function followInputsAsync(problem: DriftProblem, options?: AsyncOptions): Promise<Float32Array> {
  return runCallAsync(call(problem), options);
}
