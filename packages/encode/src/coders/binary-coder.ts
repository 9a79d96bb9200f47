/**
 * Codes one binary decision after another. An encoder writes `bit`; a decoder ignores it and returns the bit it read, so that a
 * model of some data is written once and serves both ways.
 */
export interface BinaryCoder {
  /** `p1`: probability that the bit is 1, in 1/65536, an integer in [1, 65535]. */
  code(p1: number, bit: number): number;
}

/** Codes the low `bits` bits of `value` (at most 32), the highest first, each at 1/2. */
export function codeRaw(coder: BinaryCoder, bits: number, value: number): number {
  let result = 0;
  for (let i = bits - 1; i >= 0; i--) result = (result << 1) | coder.code(32768, (value >>> i) & 1);
  return result >>> 0;
}
