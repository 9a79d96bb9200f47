/** Probabilities this near to 0 and 1 are the last ones the coupling below can take. */
const EDGE = 1e-7;

/** Rounds of the coupling: it converges much sooner. */
const ROUNDS = 100;

/** Probability that a pair's first class is the right one. Source: Platt, "Probabilistic outputs for support vector machines", 1999. */
export function pairProbability(decision: number, a: number, b: number): number {
  const value = decision * a + b;
  const probability = value >= 0 ? Math.exp(-value) / (1 + Math.exp(-value)) : 1 / (1 + Math.exp(value));
  return Math.min(Math.max(probability, EDGE), 1 - EDGE);
}

/**
 * Class probabilities from `pairs[i][j]`, the probability of class i given that it is i or j.
 * Source: Wu, Lin and Weng, "Probability estimates for multi-class classification by pairwise coupling", 2004, algorithm 2.
 */
export function coupleProbabilities(pairs: readonly (readonly number[])[]): number[] {
  const count = pairs.length;
  const q = pairs.map((row, i) =>
    row.map((own, j) => {
      if (i !== j) return -pairs[j]![i]! * own;
      return pairs.reduce((sum, other, k) => (k === i ? sum : sum + other[i]! ** 2), 0);
    }),
  );
  const p = new Array<number>(count).fill(1 / count);
  for (let round = 0; round < ROUNDS; round++) {
    const qp = q.map((row) => row.reduce((sum, value, j) => sum + value * p[j]!, 0));
    let pqp = p.reduce((sum, value, i) => sum + value * qp[i]!, 0);
    if (qp.every((value) => Math.abs(value - pqp) < 0.005 / count)) break;
    for (let i = 0; i < count; i++) {
      const own = q[i]![i]!;
      const step = (pqp - qp[i]!) / own;
      p[i]! += step;
      pqp = (pqp + step * (step * own + 2 * qp[i]!)) / (1 + step) ** 2;
      for (let j = 0; j < count; j++) {
        qp[j] = (qp[j]! + step * q[i]![j]!) / (1 + step);
        p[j]! /= 1 + step;
      }
    }
  }
  return p;
}
