/** The place, within the table of `count` ascending levels that begins at `first`, of the level nearest to `value`; of two equally near the lower. O(log count). */
export function nearestLevel(levels: Float32Array, value: number, first = 0, count = levels.length): number {
  let [low, high] = [0, count - 1];
  // Between level i and i + 1 the boundary lies half way.
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= (levels[first + middle]! + levels[first + middle + 1]!) / 2) high = middle;
    else low = middle + 1;
  }
  return low;
}
