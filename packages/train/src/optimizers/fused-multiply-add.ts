/**
 * a * b + c in float32, rounded once (IEEE 754 fusedMultiplyAdd, half to even), for float32 numbers; NaN and infinities as IEEE. Only within
 * half a unit of the overflow threshold may it round to infinity too early.
 *
 * The product is exact in double (24 + 24 bits), so two roundings differ from one only where the double sum lies exactly between two floats
 * and was itself rounded: then the error of that sum decides. Source of the error term: Knuth, TAOCP 2, section 4.2.2, theorem B (TwoSum).
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const nearest = Math.fround(sum);
  // Where `sum` is a midpoint, this is the float on its other side; everywhere else it is no float, or `nearest` itself.
  const other = nearest + 2 * (sum - nearest);
  if (other === nearest || Math.fround(other) !== other) return nearest;
  const share = sum - product;
  const error = product - (sum - share) + (c - share);
  if (error === 0) return nearest;
  return error > 0 ? Math.max(nearest, other) : Math.min(nearest, other);
}
