import type { OperatorShares } from '../cases/case-job.js';

/**
 * How many times as fast a model would be if the operators in `products` alone became `speedup` times as fast and the rest took as long as in the
 * peer. Source: Amdahl, "Validity of the single processor approach", AFIPS 1967.
 */
export function amdahl(shares: OperatorShares, products: readonly string[], speedup: number): number {
  const share = products.reduce((sum, op) => sum + (shares[op] ?? 0), 0);
  return 1 / (1 - share + share / speedup);
}
