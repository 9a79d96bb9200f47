import { Tensor } from '../../ir/tensor.js';

/** Elements read at a time. */
const PIECE = 2 ** 20;

/** The float16 form of a float32 tensor, each number rounded to the nearest, half to even, as `Tensor.fromNumbers` rounds. */
export function narrowTensor(tensor: Tensor): Tensor {
  const codes = new Uint16Array(tensor.length);
  for (let at = 0; at < tensor.length; at += PIECE) {
    const count = Math.min(PIECE, tensor.length - at);
    // A copy, since raw data start at any byte.
    const bits = new Uint32Array(new Uint8Array(tensor.bytes(4 * at, 4 * (at + count))).buffer);
    for (let i = 0; i < count; i++) codes[at + i] = halfOf(bits[i]!);
  }
  return Tensor.of('float16', tensor.dims, codes);
}

/** Bits of a float32 -> bits of the nearest float16. */
function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = bits & 0x7fffff;
  if (exponent === 0xff) return mantissa === 0 ? sign | 0x7c00 : 0x7e00;
  // The exponents are biased by 127 and 15.
  const half = exponent - 112;
  if (half >= 31) return sign | 0x7c00;
  // Below 2^-14 the leading 1 is written out, and fewer digits are left; below 2^-25 none.
  if (half < -10) return sign;
  const digits = half > 0 ? mantissa | (half << 23) : mantissa | 0x800000;
  const shift = half > 0 ? 13 : 14 - half;
  const kept = digits >>> shift;
  const rest = digits & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  // A mantissa that rounds up past its digits carries into the exponent, and from the largest number to infinity.
  return sign | (rest > tie || (rest === tie && (kept & 1) === 1) ? kept + 1 : kept);
}
