/**
 * Bytes of a list of integers under the adaptive code of Krichevsky and Trofimov that knows which values occur: each costs -log2((n + 1/2) / (N + K/2)), of n equal ones among the N before it and K values. No contexts:
 * what neighbours tell is not in it.
 *
 * Source: Krichevsky and Trofimov, "The performance of universal encoding", IEEE Transactions on Information Theory 27 (1981).
 */
export function adaptiveEntropy(values: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  for (let i = 0; i < values.length; i++) counts.set(values[i]!, 0);
  const half = counts.size / 2;
  let bits = 0;
  for (let i = 0; i < values.length; i++) {
    const count = counts.get(values[i]!)!;
    bits -= Math.log2((count + 0.5) / (i + half));
    counts.set(values[i]!, count + 1);
  }
  return bits / 8;
}
