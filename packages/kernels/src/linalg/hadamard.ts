/** Orders beside 1 whose Hadamard matrices, Kronecker a power of two, make the sizes that are offered. */
const PALEY_FIELDS: ReadonlyMap<number, number> = new Map([
  [12, 11],
  [20, 19],
  [28, 13],
]);

/** A Hadamard matrix of order `base` x 2^doublings: `core` [base, base] of 1 and -1, its first column all 1, Kronecker Sylvester's. */
export interface Hadamard {
  readonly order: number;
  readonly base: number;
  readonly core: Float64Array;
}

/** A Hadamard matrix of that order: 2^m or 2^m times 12, 20 or 28; undefined for other orders. */
export function hadamard(order: number): Hadamard | undefined {
  for (const base of [1, ...PALEY_FIELDS.keys()]) {
    const rest = order / base;
    if (Number.isInteger(rest) && rest > 0 && (rest & (rest - 1)) === 0) return { order, base, core: coreOf(base) };
  }
  return undefined;
}

/** x H for the unnormalised H, in place: x [order]. O(order (base + log order)). */
export function multiplyHadamard(x: Float64Array, { order, base, core }: Hadamard): void {
  const width = order / base;
  for (let step = 1; step < width; step *= 2) {
    for (let i = 0; i < order; i++) {
      if (i & step) continue;
      const [a, b] = [x[i]!, x[i + step]!];
      x[i] = a + b;
      x[i + step] = a - b;
    }
  }
  if (base === 1) return;
  const column = new Float64Array(base);
  for (let k = 0; k < width; k++) {
    column.fill(0);
    for (let row = 0; row < base; row++) {
      const value = x[row * width + k]!;
      for (let c = 0; c < base; c++) column[c]! += value * core[row * base + c]!;
    }
    for (let c = 0; c < base; c++) x[c * width + k] = column[c]!;
  }
}

/**
 * Paley's matrices over the integers mod q: of order q + 1 for q = 11 and 19 (first kind), 2 (q + 1) for q = 13 (second kind). Rows are
 * negated so that the first column is 1.
 *
 * Source: Paley 1933, "On Orthogonal Matrices", J. Math. Phys. 12.
 */
function coreOf(base: number): Float64Array {
  const field = PALEY_FIELDS.get(base);
  if (field === undefined) return Float64Array.of(1);
  const isFirst = base === field + 1;
  const squares = new Set(Array.from({ length: field - 1 }, (_, i) => (i + 1) ** 2 % field));
  const residue = (n: number) => (n === 0 ? 0 : squares.has(n) ? 1 : -1);
  const conference = (i: number, j: number) => {
    if (i === 0) return j === 0 ? 0 : 1;
    if (j === 0) return isFirst ? -1 : 1;
    return residue((i - j + field) % field);
  };
  const entry = (i: number, j: number) => {
    if (isFirst) return conference(i, j) + (i === j ? 1 : 0);
    const [row, column, sign] = [i >> 1, j >> 1, i & j & 1 ? -1 : 1];
    // C x [[1, 1], [1, -1]] + I x [[1, -1], [-1, -1]].
    return row === column ? ((i | j) & 1 ? -1 : 1) : conference(row, column) * sign;
  };
  return Float64Array.from({ length: base * base }, (_, index) => {
    const [i, j] = [Math.floor(index / base), index % base];
    return entry(i, j) * entry(i, 0);
  });
}
