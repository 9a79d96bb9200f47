/**
 * The first candidate that is accepted, where all behind an accepted one are too; found in log2 of their number of questions. Where that
 * does not hold, an accepted one whose neighbour in front was not. Undefined: not even the last.
 */
export async function smallestAccepted<T>(
  candidates: readonly T[],
  isAccepted: (candidate: T) => boolean | Promise<boolean>,
): Promise<T | undefined> {
  let [low, high] = [0, candidates.length];
  while (low < high) {
    // The last first: it decides whether there is one at all.
    const middle = high === candidates.length ? high - 1 : (low + high) >> 1;
    if (await isAccepted(candidates[middle]!)) high = middle;
    else low = high === candidates.length ? high : middle + 1;
  }
  return candidates[low];
}
