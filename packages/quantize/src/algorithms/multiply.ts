import { addGramAsync, type AsyncOptions } from '@gossamer/kernels';

/**
 * A B, A [rows, size] and B [size, size], row-major; products in float32 over runs of 256, sums of runs in float64 (kernels' `addGram`, which sums outer products of the columns
 * of A and the rows of B).
 */
export async function multiply(
  a: ArrayLike<number>,
  b: Float32Array,
  rows: number,
  size: number,
  options?: AsyncOptions,
): Promise<Float64Array> {
  const result = new Float64Array(rows * size);
  const columns = new Float32Array(size * size);
  for (let first = 0; first < rows; first += size) {
    const count = rows - first < size ? rows - first : size;
    columns.fill(0);
    for (let row = 0; row < count; row++) {
      for (let p = 0; p < size; p++) columns[p * size + row] = a[(first + row) * size + p]!;
    }
    const sums = new Float64Array(size * size);
    await addGramAsync({ x: columns, y: b, columns: size }, sums, options);
    result.set(sums.subarray(0, count * size), first * size);
  }
  return result;
}
