/** e M eᵀ, M [n, n]. */
export function quadratic(e: readonly number[], m: Float64Array): number {
  const n = e.length;
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += e[i]! * m[i * n + j]! * e[j]!;
  return sum;
}

/**
 * The v with v[gone] = 0 that makes (w - v) M (w - v)ᵀ least, and that: by the normal equations of what stays, M[S, S] d[S] = -M[S, P] w[P] for d = v - w, and Gaussian elimination with pivots. It knows nothing of an
 * inverse of M.
 */
export function constrainedLeastSquares(
  w: readonly number[],
  gone: readonly number[],
  m: Float64Array,
): { w: number[]; loss: number } {
  const n = w.length;
  const stay = w.map((_, i) => i).filter((i) => !gone.includes(i));
  const system = stay.map((i) => [
    ...stay.map((j) => m[i * n + j]!),
    gone.reduce((sum, p) => sum + m[i * n + p]! * w[p]!, 0),
  ]);
  const change = eliminate(system);
  const v = w.map(() => 0);
  stay.forEach((i, at) => (v[i] = w[i]! + change[at]!));
  return {
    w: v,
    loss: quadratic(
      w.map((value, i) => value - v[i]!),
      m,
    ),
  };
}

/** x of [A | b] with A x = b; the rows are used up. */
function eliminate(a: number[][]): number[] {
  const n = a.length;
  for (let i = 0; i < n; i++) {
    const pivot = a.reduce((best, row, r) => (r >= i && Math.abs(row[i]!) > Math.abs(a[best]![i]!) ? r : best), i);
    [a[i], a[pivot]] = [a[pivot]!, a[i]!];
    for (let r = i + 1; r < n; r++) {
      const factor = a[r]![i]! / a[i]![i]!;
      for (let c = i; c <= n; c++) a[r]![c]! -= factor * a[i]![c]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let sum = a[i]![n]!;
    for (let c = i + 1; c < n; c++) sum -= a[i]![c]! * x[c]!;
    x[i] = sum / a[i]![i]!;
  }
  return x;
}
