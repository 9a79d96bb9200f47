import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from './native-call.js';
import { requireArray, requireInteger, requireLength, typedArrayType } from './require-array.js';

/** Arrays that `transpose2d` moves. */
export type Transposable = Float32Array | Int32Array | Uint16Array | Int8Array | Uint8Array;

const ARRAYS = { Float32Array, Int32Array, Uint16Array, Int8Array, Uint8Array };

function call<T extends Transposable>(x: T, rows: number, cols: number, out?: T): NativeCall<'transpose', T> {
  requireArray('x', x, 'Float32Array', 'Int32Array', 'Uint16Array', 'Int8Array', 'Uint8Array');
  requireInteger('rows', rows, 0);
  requireInteger('cols', cols, 0);
  requireLength('x', x, rows * cols);
  // Not the array's constructor: of a Buffer that is another thing.
  const transposed = out ?? (new ARRAYS[typedArrayType(x) as keyof typeof ARRAYS](x.length) as T);
  return { operation: 'transpose', args: [x, rows, cols, transposed], finish: () => transposed };
}

/** The [cols, rows] transpose of a row-major [rows, cols] matrix. `out`: same type and length, apart from `x`. */
export function transpose2d<T extends Transposable>(x: T, rows: number, cols: number, out?: T): T {
  return runCall(call(x, rows, cols, out));
}

/** `transpose2d` on the thread pool. */
export async function transpose2dAsync<T extends Transposable>(
  x: T,
  rows: number,
  cols: number,
  options?: AsyncOptions,
): Promise<T> {
  return runCallAsync(call(x, rows, cols), options);
}
