/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const found = new Float64Array(order.length);
  for (let first = 0; first < order.length;) {
    let end = first;
    while (end < order.length && values[order[end]!] === values[order[first]!]) end++;
    for (let at = first; at < end; at++) found[order[at]!] = (first + end + 1) / 2;
    first = end;
  }
  return found;
}

/** Spearman's rank correlation: Pearson's of the ranks. NaN where one side is all alike. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  x.forEach((value, i) => {
    xy += (value - mean) * (y[i]! - mean);
    xx += (value - mean) ** 2;
    yy += (y[i]! - mean) ** 2;
  });
  return xy / Math.sqrt(xx * yy);
}
