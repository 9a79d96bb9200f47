import { type AsyncOptions, outputError as errorOf, outputErrorAsync as errorOfAsync } from '@gossamer/kernels';

/**
 * Mean squared error of a layer's outputs, summed over them: trace(E M Eᵀ) with E = `changed` - `target`, both [rows, columns], and M the mean of x xᵀ
 * [columns, columns], symmetric. O(rows columns²), in the native kernel.
 */
export function outputError(
  changed: Float32Array,
  target: Float32Array,
  second: Float64Array,
  columns: number,
): number {
  return errorOf({ changed, target, second, columns });
}

/** `outputError` on the thread pool. */
export async function outputErrorAsync(
  changed: Float32Array,
  target: Float32Array,
  second: Float64Array,
  columns: number,
  options?: AsyncOptions,
): Promise<number> {
  return errorOfAsync({ changed, target, second, columns }, options);
}
