/**
 * 1 where a score is among the `count` largest, 0 elsewhere; of equal scores the first ones stay. NaN counts as least. `out`, which is returned, may be given. O(n) on average.
 */
export function keepLargest(
  scores: ArrayLike<number>,
  count: number,
  out: Uint8Array = new Uint8Array(scores.length),
): Uint8Array {
  const { length } = scores;
  if (count >= length) return out.fill(1);
  if (count <= 0) return out.fill(0);
  const sorted = Float64Array.from(scores, (score) => (score >= -Infinity ? score : -Infinity));
  const threshold = selectLargest(sorted, count - 1);
  let ties = count;
  for (let i = 0; i < length; i++) if (scores[i]! > threshold) ties--;
  for (let i = 0; i < length; i++) {
    const score = scores[i]! >= -Infinity ? scores[i]! : -Infinity;
    out[i] = score > threshold || (score === threshold && ties-- > 0) ? 1 : 0;
  }
  return out;
}

/** The value with `rank` larger ones before it; reorders `values`. Source: Hoare's Find, pivots by median of three. */
function selectLargest(values: Float64Array, rank: number): number {
  let [first, last] = [0, values.length - 1];
  while (first < last) {
    const pivot = median(values[first]!, values[(first + last) >> 1]!, values[last]!);
    let [i, j] = [first, last];
    while (i <= j) {
      while (values[i]! > pivot) i++;
      while (values[j]! < pivot) j--;
      if (i > j) break;
      const kept = values[i]!;
      values[i++] = values[j]!;
      values[j--] = kept;
    }
    if (rank <= j) last = j;
    else if (rank >= i) first = i;
    else break;
  }
  return values[rank]!;
}

const median = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
