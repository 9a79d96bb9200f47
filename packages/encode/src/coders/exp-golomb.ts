import { type BinaryCoder, codeRaw } from './binary-coder.js';
import type { BitModels } from './bit-models.js';
import { encodeError } from '../error-codes.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { floor, clz32 } = Math;

/** Contexts that one exp-Golomb code takes: a prefix of up to 53, and for each length the first two bits after its leading 1. */
export const EXP_GOLOMB_CONTEXTS = 54 + 54 * 4;
const MAX_LENGTH = 53;

/**
 * Adaptive exp-Golomb code of `value`, an integer in [0, 2^53 - 1): the bit length of value + 1 in unary, then the bits below its
 * leading 1, of which the first two are adaptive. Throws ERR_GSM_FORMAT when a decoder meets a longer one.
 */
export function codeExpGolomb(coder: BinaryCoder, models: BitModels, base: number, value: number): number {
  const wanted = bitLength(value + 1);
  let length = 1;
  while (models.code(coder, base + length, wanted > length ? 1 : 0) === 1) {
    if (++length > MAX_LENGTH) {
      throw encodeError('ERR_GSM_FORMAT', 'integer: expected at most 53 bits, received more');
    }
  }
  let result = 1;
  let node = 1;
  for (let i = length - 2; i >= 0; i--) {
    const bit = floor((value + 1) / 2 ** i) % 2;
    if (length - 2 - i < 2) {
      const seen = models.code(coder, base + 54 + 4 * length + node, bit);
      node = (node << 1) | seen;
      result = result * 2 + seen;
    } else {
      result = result * 2 + codeRaw(coder, 1, bit);
    }
  }
  return result - 1;
}

function bitLength(value: number): number {
  return value < 2 ** 32 ? 32 - clz32(value) : 32 + bitLength(floor(value / 2 ** 32));
}
