import type { AwqMoments } from './awq-scales.js';
import type { InputRows } from './input-statistics.js';

/** Moments of rows: mean |x| and mean x xᵀ, in float64. O(rows columns²). */
export function momentsOfRows({ data, columns }: InputRows): AwqMoments {
  const rows = data.length / columns;
  const meanAbs = new Float64Array(columns);
  const second = new Float64Array(columns * columns);
  for (let first = 0; first < data.length; first += columns) {
    for (let i = 0; i < columns; i++) {
      const x = data[first + i]! / rows;
      meanAbs[i]! += x < 0 ? -x : x;
      for (let j = i; j < columns; j++) second[i * columns + j]! += x * data[first + j]!;
    }
  }
  for (let i = 0; i < columns; i++) for (let j = 0; j < i; j++) second[i * columns + j] = second[j * columns + i]!;
  return { meanAbs, second };
}
