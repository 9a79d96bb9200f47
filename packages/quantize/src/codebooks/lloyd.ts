/** Rounds after which levels are as good as still. */
const MOST_ROUNDS = 100;

/**
 * Lloyd's iterations from `start` (ascending): every value goes to its nearest level, every level to the weighted mean of its values. `values` ascending. A level without
 * values stays; so does a level of 0 when `keepZero`. The squared distance never grows. O(n) a round.
 *
 * Source: Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28(2), 1982, method I.
 */
export function lloyd(
  values: Float64Array,
  weights: Float64Array,
  start: Float64Array,
  keepZero = false,
): Float64Array {
  let levels = start;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = means(values, weights, levels, keepZero);
    if (next.every((level, i) => level === levels[i])) return next;
    levels = next;
  }
  return levels;
}

function means(values: Float64Array, weights: Float64Array, levels: Float64Array, keepZero: boolean): Float64Array {
  const count = levels.length;
  const [mass, sum] = [new Float64Array(count), new Float64Array(count)];
  let level = 0;
  for (let i = 0; i < values.length; i++) {
    while (level + 1 < count && values[i]! > (levels[level]! + levels[level + 1]!) / 2) level++;
    mass[level]! += weights[i]!;
    sum[level]! += weights[i]! * values[i]!;
  }
  return levels.map((old, i) => (mass[i] === 0 || (keepZero && old === 0) ? old : sum[i]! / mass[i]!)).sort();
}
