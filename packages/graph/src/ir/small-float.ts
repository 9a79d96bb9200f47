/** Decoding and encoding of the floating types JavaScript has no array for. Rounding is half to even. */

/** A binary float format: exponent and mantissa bits, bias, and which special values it has. */
export interface FloatFormat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** ieee: Inf and NaN as usual; finite: all-ones is NaN, no Inf; unsigned-zero: 0x80 is NaN, no -0, no Inf; none: neither. */
  readonly specials: 'ieee' | 'finite' | 'unsigned-zero' | 'none';
}

export const FLOAT16: FloatFormat = { exponentBits: 5, mantissaBits: 10, bias: 15, specials: 'ieee' };
export const BFLOAT16: FloatFormat = { exponentBits: 8, mantissaBits: 7, bias: 127, specials: 'ieee' };
export const FLOAT8E4M3FN: FloatFormat = { exponentBits: 4, mantissaBits: 3, bias: 7, specials: 'finite' };
export const FLOAT8E4M3FNUZ: FloatFormat = { exponentBits: 4, mantissaBits: 3, bias: 8, specials: 'unsigned-zero' };
export const FLOAT8E5M2: FloatFormat = { exponentBits: 5, mantissaBits: 2, bias: 15, specials: 'ieee' };
export const FLOAT8E5M2FNUZ: FloatFormat = { exponentBits: 5, mantissaBits: 2, bias: 16, specials: 'unsigned-zero' };
export const FLOAT4E2M1: FloatFormat = { exponentBits: 2, mantissaBits: 1, bias: 1, specials: 'none' };
export const FLOAT6E2M3: FloatFormat = { exponentBits: 2, mantissaBits: 3, bias: 1, specials: 'none' };
export const FLOAT6E3M2: FloatFormat = { exponentBits: 3, mantissaBits: 2, bias: 3, specials: 'none' };

/** The number that `code` stands for. */
export function decodeFloat(code: number, format: FloatFormat): number {
  const { exponentBits, mantissaBits, bias, specials } = format;
  const exponentMask = 2 ** exponentBits - 1;
  const negative = (code >> (exponentBits + mantissaBits)) & 1;
  const exponent = (code >> mantissaBits) & exponentMask;
  const mantissa = code & (2 ** mantissaBits - 1);
  const sign = negative ? -1 : 1;
  if (specials === 'unsigned-zero' && negative && exponent === 0 && mantissa === 0) return NaN;
  if (specials === 'ieee' && exponent === exponentMask) return mantissa === 0 ? sign * Infinity : NaN;
  if (specials === 'finite' && exponent === exponentMask && mantissa === 2 ** mantissaBits - 1) return NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * (1 + mantissa / 2 ** mantissaBits) * 2 ** (exponent - bias);
}

/** The code nearest to `value`: half to even; float8/float4 saturate as ONNX Cast does, float16 and bfloat16 overflow to Inf. */
export function encodeFloat(value: number, format: FloatFormat): number {
  const { exponentBits, mantissaBits, bias, specials } = format;
  const signBit = 2 ** (exponentBits + mantissaBits);
  const all = signBit - 1;
  const exponentMask = 2 ** exponentBits - 1;
  if (Number.isNaN(value)) {
    if (specials === 'unsigned-zero') return signBit;
    if (specials === 'none') return 0;
    return specials === 'ieee' ? exponentMask * 2 ** mantissaBits + 2 ** (mantissaBits - 1) : all;
  }
  const negative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  const wide = exponentBits + mantissaBits > 7;
  const infinity = exponentMask * 2 ** mantissaBits;
  // Largest finite code: below Inf, below the all-ones NaN, or all ones.
  const largest = specials === 'ieee' ? infinity - 1 : specials === 'finite' ? all - 1 : all;
  let code: number;
  if (magnitude === Infinity) code = wide ? infinity : largest;
  else {
    const exponent = magnitude === 0 ? 1 - bias : Math.max(Math.floor(Math.log2(magnitude)), 1 - bias);
    const step = 2 ** (exponent - mantissaBits);
    const rounded = roundHalfEven(magnitude / step);
    // A mantissa that rounds up to the next power of two carries into the exponent by plain addition.
    code = rounded + (exponent + bias - 1) * 2 ** mantissaBits;
    if (code > largest) code = wide ? infinity : largest;
  }
  if (specials === 'unsigned-zero' && code === 0) return 0;
  return negative ? code + signBit : code;
}

/** Rounds to the nearest integer, ties to the even one; keeps the sign of zero, NaN and infinities. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  const isDown = rest < 0.5 || (rest === 0.5 && floor % 2 === 0);
  const rounded = isDown || Number.isNaN(rest) ? floor : floor + 1;
  return rounded === 0 && x < 0 ? -0 : rounded;
}
