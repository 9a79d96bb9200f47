import { fusedMultiplyAdd } from './fused-multiply-add.js';

/** A float32 as an integer times 2^-149. */
function units(x: number): bigint {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0]!;
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = BigInt(exponent === 0 ? bits & 0x7fffff : (bits & 0x7fffff) | 0x800000);
  const magnitude = mantissa << BigInt(Math.max(exponent, 1) - 1);
  return bits >>> 31 ? -magnitude : magnitude;
}

/** The finite float32 nearest to `exact` times 2^-298, half to even, with integers. */
function roundUnits(exact: bigint): number {
  const magnitude = exact < 0n ? -exact : exact;
  // A float of n > 24 bits above 2^-149 drops n - 24 of them; 149 more lie below 2^-149.
  const bits = magnitude.toString(2).length - 149;
  const drop = BigInt(149 + Math.max(0, bits - 24));
  const half = 1n << (drop - 1n);
  let quotient = magnitude >> drop;
  const rest = magnitude - (quotient << drop);
  if (rest > half || (rest === half && (quotient & 1n) === 1n)) quotient += 1n;
  return (exact < 0n ? -1 : 1) * Number(quotient) * 2 ** (Number(drop) - 298);
}

describe('fusedMultiplyAdd', () => {
  let seed = 1;
  const word = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
  const float = (exponent: number): number => (word() & 1 ? 1 : -1) * (1 + (word() >>> 9) * 2 ** -23) * 2 ** exponent;

  it('rounds once, over 60,000 sums whose parts overlap in every way', () => {
    let wrong = 0;
    for (let i = 0; i < 60_000; i++) {
      const a = float((i % 7) - 3);
      const b = float(0);
      const c = float((i % 61) - 30);
      const expected = roundUnits(units(a) * units(b) + (units(c) << 149n));
      if (fusedMultiplyAdd(a, b, c) !== expected) wrong++;
    }
    expect(wrong).toBe(0);
  });

  it('decides midpoints by what the double sum lost', () => {
    // (1 - 2^-23)(1 + 2^-23) = 1 - 2^-46: the exact sum is 2^-70 off a midpoint, the double sum lies on it.
    const below = (1 - 2 ** -23) * 2 ** -24;
    const odd = 1 + 2 ** -23;
    expect(fusedMultiplyAdd(below, odd, odd)).toBe(odd);
    expect(fusedMultiplyAdd(-below, odd, odd)).toBe(odd);
    expect(fusedMultiplyAdd(below, odd, -odd)).toBe(-odd);
    // Exactly on it: half to even.
    expect(fusedMultiplyAdd(2 ** -12, 2 ** -12, odd)).toBe(1 + 2 ** -22);
    // Above it by what the double sum keeps.
    expect(fusedMultiplyAdd((1 + 2 ** -22) * 2 ** -24, 1 - 2 ** -23, 1)).toBe(1 + 2 ** -23);
    expect(fusedMultiplyAdd((1 + 2 ** -12) * 2 ** -24, 1 - 2 ** -12 + 2 ** -23, 1)).toBe(1 + 2 ** -23);
  });

  it('rounds subnormal results once', () => {
    let wrong = 0;
    for (let i = 0; i < 20_000; i++) {
      const a = float(-64);
      const b = float(-64 - (i % 24));
      const c = ((word() >>> 9) - 2 ** 22) * 2 ** -149;
      const expected = roundUnits(units(a) * units(b) + (units(c) << 149n));
      if (fusedMultiplyAdd(a, b, c) !== expected) wrong++;
    }
    expect(wrong).toBe(0);
  });

  it('keeps infinities, NaN and the sign of zero', () => {
    expect(fusedMultiplyAdd(Infinity, 1, 0)).toBe(Infinity);
    expect(fusedMultiplyAdd(Infinity, 0, 0)).toBeNaN();
    expect(fusedMultiplyAdd(1, NaN, 0)).toBeNaN();
    expect(fusedMultiplyAdd(2 ** 100, 2 ** 100, 0)).toBe(Infinity);
    expect(fusedMultiplyAdd(0, -1, -0)).toBe(-0);
    expect(fusedMultiplyAdd(0, -1, 0)).toBe(0);
  });
});
