import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from '../native-call.js';
import { requireArray, requireInteger, requireLength } from '../require-array.js';

/** Vectors whose outer products are summed. */
export interface GramVectors {
  /** [count, columns], row-major. */
  readonly x: Float32Array;
  /** In the shape of x: the sum is of x yᵀ. Default: x itself, and only the upper triangle of the sums is touched (see `mirrorUpper`). */
  readonly y?: Float32Array;
  readonly columns: number;
}

function call({ x, y, columns }: GramVectors, sums: Float64Array): NativeCall<'addGram', void> {
  requireArray('x', x, 'Float32Array');
  requireInteger('columns', columns, 1);
  requireLength('x', x, Math.ceil(x.length / columns) * columns);
  if (y !== undefined) {
    requireArray('y', y, 'Float32Array');
    requireLength('y', y, x.length);
  }
  requireArray('sums', sums, 'Float64Array');
  requireLength('sums', sums, columns * columns);
  return { operation: 'addGram', args: [x, y, columns, sums], finish: () => undefined };
}

/**
 * sums [columns, columns] += the sum over the vectors of x xᵀ (or x yᵀ): the second moment of a layer's inputs. Products are added in
 * float32 over runs of 256 vectors, runs in float64: an element is off by at most 2^-16 of the sum of the magnitudes. The same bits on
 * every CPU and at every number of threads, though not for another split of the vectors into calls.
 */
export function addGram(vectors: GramVectors, sums: Float64Array): void {
  runCall(call(vectors, sums));
}

/** `addGram` on the thread pool; when it is aborted, `sums` hold a part. */
export async function addGramAsync(vectors: GramVectors, sums: Float64Array, options?: AsyncOptions): Promise<void> {
  return runCallAsync(call(vectors, sums), options);
}

/** Rows and columns of the squares that `mirrorUpper` copies at a time: both fit the first-level cache. */
const SQUARE = 32;

/** Copies the upper triangle of a row-major [n, n] matrix to the lower one, in place. */
export function mirrorUpper(matrix: Float64Array, n: number): void {
  requireLength('matrix', matrix, n * n);
  for (let top = 0; top < n; top += SQUARE) {
    for (let left = top; left < n; left += SQUARE) {
      const end = Math.min(left + SQUARE, n);
      for (let i = top; i < Math.min(top + SQUARE, n); i++) {
        for (let j = Math.max(left, i + 1); j < end; j++) matrix[j * n + i] = matrix[i * n + j]!;
      }
    }
  }
}
