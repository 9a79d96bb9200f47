/** Adds aᵀ b to `sums` [columns, columns], a and b [rows, columns]: the sum of the outer products of their rows. O(rows * columns²). */
export function addOuterProducts(
  sums: Float64Array,
  a: Float32Array,
  b: Float32Array,
  rows: number,
  columns: number,
): void {
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    for (let i = 0; i < columns; i++) {
      const x = a[from + i]!;
      if (x === 0) continue;
      const to = i * columns;
      for (let j = 0; j < columns; j++) sums[to + j]! += x * b[from + j]!;
    }
  }
}
