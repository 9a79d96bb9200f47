import { type BinaryCoder, codeRaw } from '../coders/binary-coder.js';
import { encodeError } from '../error-codes.js';

/** Codes a positive finite float32 or 0: 8 bits of exponent, 5 that count the zeros at the mantissa's end, the mantissa without them. Throws ERR_GSM_FORMAT where a decoder meets another. */
export function codeScale(coder: BinaryCoder, scale: number): number {
  const float = new Float32Array([scale]);
  const bits = new Uint32Array(float.buffer);
  const mantissa = bits[0]! & 0x7fffff;
  const exponent = codeRaw(coder, 8, bits[0]! >>> 23);
  if (exponent === 255) throw encodeError('ERR_GSM_FORMAT', 'scale: expected a finite number, received none');
  // The lowest bit that is set; 23 for none.
  const zeros = codeRaw(coder, 5, mantissa === 0 ? 23 : 31 - Math.clz32(mantissa & -mantissa));
  const kept = Math.max(0, 23 - zeros);
  bits[0] = ((exponent << 23) | ((codeRaw(coder, kept, mantissa >>> zeros) << (23 - kept)) & 0x7fffff)) >>> 0;
  return float[0]!;
}
