/**
 * Sparsity after a share `t` of the updates: 0 up to `begin`, `sparsity` from `end` on, in between sparsity (1 - (1 - (t - begin) / (end - begin))^3): fast while
 * there is much to take, slow towards the end.
 *
 * Source: Zhu and Gupta, "To prune, or not to prune" (arXiv:1710.01878), equation 1, from an initial sparsity of 0.
 */
export function cubicSparsity(t: number, sparsity: number, begin: number, end: number): number {
  if (t < begin) return 0;
  if (t >= end) return sparsity;
  return sparsity * (1 - (1 - (t - begin) / (end - begin)) ** 3);
}
