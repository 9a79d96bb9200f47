/**
 * A real factor as integers: `multiplier` * 2^(exponent - 31), the multiplier in [2^30, 2^31). 0 is { 0, 0 }.
 *
 * Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018
 * (arXiv:1712.05877), section 2.2: M = 2^-n M0, here M0 = multiplier * 2^-31 and n = -exponent.
 */
export interface FixedPoint {
  readonly multiplier: number;
  readonly exponent: number;
}

const [MIN, MAX] = [-(2n ** 31n), 2n ** 31n - 1n];

/** The nearest fixed-point form of a finite `factor` >= 0. The one place where floats are read: when a model is compiled. */
export function fixedPointOf(factor: number): FixedPoint {
  if (factor === 0) return { multiplier: 0, exponent: 0 };
  let exponent = Math.floor(Math.log2(factor)) + 1;
  // The logarithm may round to the wrong side of a power of two.
  if (factor / 2 ** exponent >= 1) exponent++;
  if (factor / 2 ** exponent < 0.5) exponent--;
  const multiplier = Math.round((factor / 2 ** exponent) * 2 ** 31);
  return multiplier === 2 ** 31 ? { multiplier: 2 ** 30, exponent: exponent + 1 } : { multiplier, exponent };
}

/** floor((a b + 2^30) / 2^31), saturated to int32: gemmlowp's SaturatingRoundingDoublingHighMul, ARM's SQRDMULH. */
export function saturatingRoundingDoublingHighMul(a: bigint, b: bigint): bigint {
  const high = (a * b + 2n ** 30n) >> 31n;
  return high > MAX ? MAX : high;
}

/** a / 2^n to the nearest integer, halves away from 0: gemmlowp's RoundingDivideByPOT. */
export function roundingRightShift(a: bigint, n: bigint): bigint {
  const mask = (1n << n) - 1n;
  const threshold = (mask >> 1n) + (a < 0n ? 1n : 0n);
  return (a >> n) + ((a & mask) > threshold ? 1n : 0n);
}

/** Largest n <= 31 for which most * 2^n < 2^31; 0 where there is none. */
export function headroom(most: number): number {
  let bits = 31;
  for (let rest = BigInt(most); rest > 0n && bits > 0; rest >>= 1n) bits--;
  return bits;
}

/**
 * value * factor, rounded to an integer without floats: the high half of value * 2^left times the multiplier, shifted right by
 * left - exponent. |value| * 2^left < 2^31. A factor of 2^left and above counts as the largest below; one so small that more than 31 bits
 * would be shifted out gives 0.
 */
export function requantize(value: number, { multiplier, exponent }: FixedPoint, left: number): number {
  const right = left - exponent;
  if (multiplier === 0 || right > 31) return 0;
  const raised = BigInt.asIntN(32, BigInt(value) << BigInt(left));
  const high = saturatingRoundingDoublingHighMul(raised, right < 0 ? MAX : BigInt(multiplier));
  if (high < MIN) throw new Error('requantize: a product below int32'); // |raised| <= 2^31, the multiplier < 2^31
  return Number(roundingRightShift(high, BigInt(Math.max(right, 0))));
}

/** `factor` / count, rounded to the nearest 31 bits. */
export function dividedBy({ multiplier, exponent }: FixedPoint, count: number): FixedPoint {
  if (multiplier === 0 || count === 0) return { multiplier: 0, exponent: 0 };
  let quotient = (BigInt(multiplier) << 32n) / BigInt(count);
  let bits = 62;
  for (; quotient >> 62n === 0n; bits--) quotient *= 2n;
  quotient = (quotient + 2n ** 31n) >> 32n;
  if (quotient === 2n ** 31n) [quotient, bits] = [quotient / 2n, bits + 1];
  return { multiplier: Number(quotient), exponent: exponent + bits - 62 };
}
