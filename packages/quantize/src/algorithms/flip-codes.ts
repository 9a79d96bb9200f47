import type { Neighbours } from '../grid/neighbours.js';

/** What the rounding of rows is judged by: e M eᵀ + 2 e dᵀ. */
export interface Judgement {
  /** Mean of x xᵀ, [columns, columns]. */
  readonly second: Float64Array;
  /** [rows, columns]; missing: 0. */
  readonly drift: Float32Array | undefined;
}

/**
 * Coordinate descent on one row: as long as taking the other neighbour of one weight makes e M eᵀ + 2 e dᵀ smaller, the weight that gains most takes it.
 * `error` [columns] is the row's e and `codes` its codes; both change in place.  O(columns) a flip, behind one product with M.
 */
export function flipCodes(
  row: number,
  error: Float64Array,
  codes: Uint8Array | Uint16Array,
  { gap, lowerCode }: Neighbours,
  { second, drift }: Judgement,
): void {
  const columns = error.length;
  const at = row * columns;
  // Half of the gradient by e.
  const pull = Float64Array.from({ length: columns }, (_, i) => drift?.[at + i] ?? 0);
  for (let i = 0; i < columns; i++) {
    if (error[i] !== 0) for (let j = 0; j < columns; j++) pull[j]! += error[i]! * second[i * columns + j]!;
  }
  const stepOf = (j: number) => (codes[j] === lowerCode[at + j] ? gap[at + j]! : -gap[at + j]!);
  // Each flip makes the sum smaller, so none comes back; rounding errors could only ever make a gain of about 0 seem one.
  for (let flips = 0; flips < 4 * columns; flips++) {
    let [best, gain] = [-1, 0];
    for (let j = 0; j < columns; j++) {
      const step = stepOf(j);
      const change = step * (2 * pull[j]! + step * second[j * columns + j]!);
      if (-change > gain) [best, gain] = [j, -change];
    }
    if (best < 0) break;
    const step = stepOf(best);
    for (let j = 0; j < columns; j++) pull[j]! += step * second[best * columns + j]!;
    error[best]! += step;
    codes[best] = lowerCode[at + best]! + (codes[best] === lowerCode[at + best] ? 1 : 0);
  }
}
