import type { Criterion } from './criterion.js';

/**
 * w² over the sum of the squares of the matrix that are not smaller: the share of what would be left that the weight has, so that one threshold over all layers empties
 * none. The largest weight of each matrix has the score 1.
 *
 * Source: Lee et al., "Layer-adaptive Sparsity for the Magnitude-based Pruning" (arXiv:2010.07611), equation 4.
 */
export const lamp: Criterion = {
  name: 'lamp',
  needs: 'nothing',
  isGlobal: true,
  score: ({ data }) => lampScores(data),
};

/** A score a weight. */
export function lampScores(data: Float32Array): Float64Array {
  const squares = Float64Array.from(data, (value) => value * value);
  const order = Float64Array.from(squares).sort();
  // Sums from the largest down, of each value's first place in the order.
  const above = new Float64Array(order.length);
  let sum = 0;
  for (let i = order.length - 1; i >= 0; i--) above[i] = sum += order[i]!;
  return squares.map((square) => (square > 0 ? square / above[firstOf(order, square)]! : 0));
}

/** Where `value` stands first in ascending `sorted`. */
function firstOf(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
