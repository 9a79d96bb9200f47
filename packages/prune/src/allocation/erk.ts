/**
 * How many weights each tensor keeps so that all together keep `count`: densities in proportion to the sum of a tensor's dims over their product (Erdős-Rényi, with
 * kernels), so that small and thin tensors stay denser; what would be more than all of a tensor is shared out among the others. Whole numbers, the largest remainders first, ties by place.
 *
 * Source: Evci et al., "Rigging the Lottery" (arXiv:1911.11134), section 3, after Mocanu et al. 2018.
 */
export function erkCounts(shapes: readonly (readonly number[])[], count: number): number[] {
  const sizes = shapes.map((dims) => dims.reduce((a, b) => a * b, 1));
  const weights = shapes.map((dims, i) => (sizes[i] === 0 ? 0 : dims.reduce((a, b) => a + b, 0)));
  const full = new Set<number>();
  for (;;) {
    const open = sizes.map((_, i) => i).filter((i) => !full.has(i));
    const left = count - [...full].reduce((sum, i) => sum + sizes[i]!, 0);
    const total = open.reduce((sum, i) => sum + weights[i]!, 0);
    const shares = sizes.map((size, i) => (full.has(i) ? size : total > 0 ? (left * weights[i]!) / total : 0));
    const over = open.filter((i) => shares[i]! > sizes[i]!);
    if (over.length === 0) return wholeNumbers(shares, sizes, count);
    for (const i of over) full.add(i);
  }
}

/** Shares rounded down, and what is missing given to the largest remainders. */
function wholeNumbers(shares: readonly number[], sizes: readonly number[], count: number): number[] {
  const counts = shares.map((share) => Math.floor(share + 1e-9));
  let missing = count - counts.reduce((a, b) => a + b, 0);
  const byRemainder = shares
    .map((_, i) => i)
    .sort((i, j) => shares[j]! - counts[j]! - (shares[i]! - counts[i]!) || i - j);
  for (const i of byRemainder) {
    if (missing <= 0) break;
    if (counts[i]! >= sizes[i]!) continue;
    counts[i]!++;
    missing--;
  }
  return counts;
}
