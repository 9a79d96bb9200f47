/** Ranks of a layer that a method without a closed form fits at most. */
const MOST = 16;

/** At most 16 of them, evenly spaced, the largest among them. */
export function fewRanks(ranks: readonly number[]): readonly number[] {
  if (ranks.length <= MOST) return ranks;
  return Array.from({ length: MOST }, (_, i) => ranks[Math.round(((i + 1) * ranks.length) / MOST) - 1]!);
}
