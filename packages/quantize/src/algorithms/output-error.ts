import { addGram, addGramAsync, type AsyncOptions } from '@gossamer/kernels';

/**
 * Mean squared error of a layer's outputs, summed over them: trace(E M Eᵀ) with E = `changed` - `target`, both [rows, columns], and M the mean of x xᵀ
 * [columns, columns], symmetric: the sum of the elements of M times those of Eᵀ E. O(rows columns²), in the native kernel.
 */
export function outputError(
  changed: Float32Array,
  target: Float32Array,
  second: Float64Array,
  columns: number,
): number {
  const squares = new Float64Array(columns * columns);
  addGram({ x: difference(changed, target), columns }, squares);
  return weighted(second, squares, columns);
}

/** `outputError` on the thread pool. */
export async function outputErrorAsync(
  changed: Float32Array,
  target: Float32Array,
  second: Float64Array,
  columns: number,
  options?: AsyncOptions,
): Promise<number> {
  const squares = new Float64Array(columns * columns);
  await addGramAsync({ x: difference(changed, target), columns }, squares, options);
  return weighted(second, squares, columns);
}

const difference = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value - b[i]!);

/** The sum of M times the squares, of which the upper triangle is there. */
function weighted(second: Float64Array, squares: Float64Array, columns: number): number {
  let total = 0;
  for (let i = 0; i < columns; i++) {
    total += second[i * columns + i]! * squares[i * columns + i]!;
    for (let j = i + 1; j < columns; j++) total += 2 * second[i * columns + j]! * squares[i * columns + j]!;
  }
  return total;
}
