/**
 * Fewest insertions, deletions and substitutions that turn `a` into `b`; O(a.length * b.length) time, O(b.length) memory.
 *
 * Source: Wagner and Fischer, "The String-to-String Correction Problem", JACM 1974.
 */
export function editDistance<T>(a: readonly T[], b: readonly T[]): number {
  let previous = Uint32Array.from({ length: b.length + 1 }, (_, i) => i);
  let current = new Uint32Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    current[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current[j] = Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1);
    }
    [previous, current] = [current, previous];
  }
  return previous[b.length]!;
}
