/**
 * Mean squared error of a layer's outputs, summed over them: trace(E M Eᵀ) with E = `changed` - `target`, both [rows, columns], and M the mean of x xᵀ
 * [columns, columns], symmetric. O(rows columns²).
 */
export function outputError(
  changed: Float32Array,
  target: Float32Array | Float64Array,
  second: Float64Array,
  columns: number,
): number {
  const rows = changed.length / columns;
  const error = new Float64Array(columns);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) error[j] = changed[row * columns + j]! - target[row * columns + j]!;
    total += quadraticForm(error, second);
  }
  return total;
}

/** e M eᵀ, by the upper half of M. */
function quadraticForm(e: Float64Array, second: Float64Array): number {
  const size = e.length;
  let total = 0;
  for (let i = 0; i < size; i++) {
    const left = e[i]!;
    if (left === 0) continue;
    let sum = 0.5 * left * second[i * size + i]!;
    for (let j = i + 1; j < size; j++) sum += second[i * size + j]! * e[j]!;
    total += left * sum;
  }
  return 2 * total;
}
