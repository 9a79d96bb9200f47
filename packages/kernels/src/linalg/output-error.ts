import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from '../native-call.js';
import { requireArray, requireInteger, requireLength } from '../require-array.js';

/** Weights beside those that they stand for. */
export interface WeightChange {
  /** [rows, columns], row-major, as `target`. */
  readonly changed: Float32Array;
  readonly target: Float32Array;
  readonly columns: number;
  /** Mean of x xᵀ over the layer's inputs, [columns, columns], symmetric. */
  readonly second: Float64Array;
}

function call({ changed, target, columns, second }: WeightChange): NativeCall<'outputError', number> {
  requireArray('changed', changed, 'Float32Array');
  requireArray('target', target, 'Float32Array');
  requireInteger('columns', columns, 1);
  requireLength('changed', changed, Math.ceil(changed.length / columns) * columns);
  requireLength('target', target, changed.length);
  requireArray('second', second, 'Float64Array');
  requireLength('second', second, columns * columns);
  const error = new Float64Array(1);
  return { operation: 'outputError', args: [changed, target, columns, second, error], finish: () => error[0]! };
}

/**
 * Mean squared error of a layer's outputs, summed over them: trace(E M Eᵀ) with E = `changed` - `target` in float32 and M = `second`; not finite where an
 * element is not. O(rows columns²); the products of E's columns are added as `addGram` does. The same bits on every CPU and at every number of threads.
 */
export function outputError(change: WeightChange): number {
  return runCall(call(change));
}

/** `outputError` on the thread pool. */
export async function outputErrorAsync(change: WeightChange, options?: AsyncOptions): Promise<number> {
  return runCallAsync(call(change), options);
}
